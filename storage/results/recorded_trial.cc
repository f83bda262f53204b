#include "storage/results/recorded_trial.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "storage/results/configuration.h"
#include "storage/results/stage_text.h"

namespace zerosweep {
namespace {

// Empty where the record does not name the architecture.
std::string ArchOf(const Json& resolved) {
  const Json model = resolved.value("model", Json::object());
  return model.is_object() ? model.value("arch", "") : "";
}

using Row = std::vector<Json>;

constexpr int kMaxThreads = 4096;

std::string TextOf(const Json& cell) { return cell.is_string() ? cell.get<std::string>() : ""; }

// NULL stands for NaN.
double NumberOf(const Json& cell) {
  return cell.is_number() ? cell.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

[[noreturn]] void FailBroken(const std::string& what, const std::string& name,
                             const std::string& why) {
  Fail(ErrorKind::kStorage, "{} {:.12} of the database {}: run `zerosweep fsck`", what, name, why);
}

class TrialReader {
 public:
  TrialReader(const ResultsReader& reader, const std::string& trial)
      : reader_(reader), name_(trial) {}

  RecordedTrial Read() {
    ReadTrial();
    ReadStages();
    ReadInputs();
    ReadMetrics();
    ReadAttempts();
    Arrange();
    return std::move(recorded_);
  }

 private:
  // A stage whose index is not known yet.
  struct Found {
    std::string name;
    StageDesign design;
    std::optional<int64_t> seed;
    std::vector<std::string> inputs;  // names, in the order of the roles
    RecordedStage result;
    std::optional<size_t> place;  // its index
  };

  Table OfTrial(const std::string& columns, const std::string& tables) const {
    return reader_.Query(
        "SELECT " + columns +
            " FROM trial t JOIN trial_stage x ON x.trial_id = t.id JOIN stage g ON "
            "g.id = x.stage_id JOIN design d ON d.id = g.design_id " +
            tables,
        {name_});
  }

  void ReadTrial() {
    const Table found = reader_.Query(
        "SELECT c.dataset, c.model, c.method, c.synthesizer, c.quantizer, c.w_bits, c.a_bits, "
        "c.bits, c.protocol, c.variant, t.seed_synthesis, t.seed_quantize, t.state, c.config, "
        "e.config FROM trial t JOIN configuration c ON c.id = t.configuration_id JOIN execution e "
        "ON e.id = t.execution_id WHERE t.name = ?",
        {name_});
    if (found.rows.empty()) Fail(ErrorKind::kUsage, "there is no trial {}", name_);
    const Row& row = found.rows.front();
    SplitConfig split;
    split.shared = Json::parse(row[13].get<std::string>());
    split.own = Json::parse(row[14].get<std::string>());
    recorded_.trial.seeds = {row[10], row[11]};
    recorded_.trial.configuration =
        std::make_shared<const Configuration>(Configuration{.dataset = row[0],
                                                            .model = row[1],
                                                            .arch = ArchOf(split.shared),
                                                            .method = row[2],
                                                            .synthesizer = row[3],
                                                            .quantizer = row[4],
                                                            .w_bits = row[5],
                                                            .a_bits = row[6],
                                                            .bits = row[7],
                                                            .protocol = row[8],
                                                            .variant = row[9],
                                                            .resolved = JoinConfiguration(split)});
    recorded_.trial.id = name_;
    recorded_.state = StateFromString(row[12]);
  }

  void ReadStages() {
    const Table table = OfTrial(
        "g.name, d.kind, d.implementation, d.revision, d.params, d.files, d.threads, g.state, "
        "g.error, a.digest, g.seconds, g.seed, d.roles",
        "LEFT JOIN artifact a ON a.id = g.artifact_id WHERE t.name = ? ORDER BY g.id");
    for (const Row& row : table.rows) {
      Found& found = found_.emplace_back();
      found.name = row[0];
      StageDesign& design = found.design;
      design.kind = row[1];
      design.implementation = row[2];
      design.revision = row[3];
      design.params = Json::parse(row[4].get<std::string>());
      if (row[11].is_number()) {
        found.seed = row[11].get<int64_t>();
        design.params.erase("seed");
      }
      Json::parse(row[12].get<std::string>()).get_to(design.roles);
      Json::parse(row[5].get<std::string>()).get_to(design.files);
      design.threads = row[6];
      design.needs.ranks = design.params.value("ranks", 1);
      found.result.state = StateFromString(row[7]);
      found.result.error = TextOf(row[8]);
      found.result.artifact = TextOf(row[9]);
      found.result.seconds = row[10].is_number() ? row[10].get<double>() : 0;
    }
  }

  Found& Get(const std::string& stage) {
    const auto found = std::find_if(found_.begin(), found_.end(),
                                    [&](const Found& one) { return one.name == stage; });
    if (found == found_.end()) FailBroken("trial", name_, "lacks a stage that it needs");
    return *found;
  }

  void ReadInputs() {
    const Table table = OfTrial("g.name, h.name",
                                "JOIN stage_input i ON i.stage_id = g.id JOIN stage h ON h.id = "
                                "i.input_id WHERE t.name = ? ORDER BY i.place");
    for (const Row& row : table.rows) Get(row[0]).inputs.push_back(row[1]);
  }

  void ReadMetrics() {
    const Table table =
        OfTrial("g.name, m.name, m.value", "JOIN metric m ON m.stage_id = g.id WHERE t.name = ?");
    for (const Row& row : table.rows) Get(row[0]).result.metrics[row[1]] = NumberOf(row[2]);
  }

  void ReadAttempts() {
    const Table table = OfTrial("g.name, n.facts",
                                "JOIN attempt a ON a.stage_id = g.id AND a.outcome = 'done' JOIN "
                                "signature n ON n.id = a.signature_id WHERE t.name = ?");
    for (const Row& row : table.rows) {
      Found& found = Get(row[0]);
      found.result.signature = Json::parse(row[1].get<std::string>());
      int& threads = found.design.threads;
      threads = found.result.signature.value("threads", threads);
      if (threads < 1 || threads > kMaxThreads)
        FailBroken("stage", found.name, fmt::format("was computed on {} threads", threads));
    }
  }

  bool TryPlace(Found& found) {
    StageRow row{found.name, nullptr, found.seed, {}};
    for (const std::string& input : found.inputs) {
      const std::optional<size_t> place = Get(input).place;
      if (!place) return false;
      row.inputs.push_back(*place);
    }
    const std::vector<std::string_view> inputs(found.inputs.begin(), found.inputs.end());
    if (inputs.size() != found.design.roles.size() ||
        StageText(found.design).Name(found.seed, inputs) != found.name)
      FailBroken("stage", found.name, "is not what its name says");
    row.design = std::make_shared<const StageDesign>(std::move(found.design));
    found.place = recorded_.stages.size();
    recorded_.trial.stages.push_back(*found.place);
    recorded_.stages.push_back(std::move(row));
    recorded_.results.push_back(std::move(found.result));
    return true;
  }

  void Arrange() {
    for (bool moved = true; moved && recorded_.stages.size() < found_.size();) {
      moved = false;
      for (Found& found : found_) moved |= !found.place && TryPlace(found);
    }
    if (found_.empty() || recorded_.stages.size() < found_.size())
      FailBroken("trial", name_, "has stages that wait for each other, or none");
  }

  const ResultsReader& reader_;
  const std::string& name_;
  std::vector<Found> found_;
  RecordedTrial recorded_;
};

}  // namespace

size_t RecordedTrial::IndexOf(const std::string& kind) const {
  for (size_t i = 0; i < stages.size(); ++i)
    if (stages[i].design->kind == kind) return i;
  throw std::out_of_range("the trial has no stage of kind " + kind);
}

RecordedTrial ReadRecordedTrial(const ResultsReader& reader, const std::string& trial) {
  try {
    return TrialReader(reader, trial).Read();
  } catch (const Json::exception& error) {  // an imported record may hold anything
    FailBroken("trial", trial, fmt::format("is malformed ({})", error.what()));
  }
}

}  // namespace zerosweep
