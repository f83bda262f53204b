// explain: why a trial or a stage is in its state.
#include "base/text.h"
#include "cli/output/table.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "reports/page/stage_curves.h"
#include "reports/text/table_text.h"

namespace zerosweep {
namespace {

// A trial's stages, in the order in which they are made.
Table ExplainTrial(const ResultsReader& reader, const std::string& trial) {
  return reader.Query(
      "SELECT s.kind, s.implementation, s.stage, s.state, s.attempts, s.seconds, s.error "
      "FROM v_trial_stage x JOIN v_stage s ON s.stage = x.stage WHERE x.trial = ? "
      "ORDER BY s.kind = 'evaluate', s.kind = 'quantize', s.kind = 'correct', "
      "s.kind = 'sensitivity', s.kind = 'synthesize'",
      {trial});
}

Table ExplainStage(const ResultsReader& reader, const std::string& stage) {
  return reader.Query(
      "SELECT number, attempt, worker, device, threads, started, outcome, failure, message, "
      "seconds FROM v_attempt WHERE stage = ? ORDER BY number",
      {stage});
}

Table InputsOf(const ResultsReader& reader, const std::string& stage) {
  return reader.Query(
      "SELECT d.roles ->> i.place AS role, e.kind, h.name, h.state FROM stage g "
      "JOIN design d ON d.id = g.design_id JOIN stage_input i ON i.stage_id = g.id "
      "JOIN stage h ON h.id = i.input_id JOIN design e ON e.id = h.design_id "
      "WHERE g.name = ? ORDER BY i.place",
      {stage});
}

// "failed: …", "open: waits for synthesize 1a2b3c4d5e6f (open)", "open: ready to run".
std::string WhyState(const ResultsReader& reader, const std::string& stage,
                     const std::string& state, const Json& error) {
  if (state == "failed") return "failed: " + (error.is_string() ? error.get<std::string>() : "?");
  if (state != "open") return state;
  for (const auto& row : InputsOf(reader, stage).rows) {
    if (row[3] != "done") {
      return fmt::format("open: waits for {} {:.12} ({})", row[1].get<std::string>(),
                         row[2].get<std::string>(), row[3].get<std::string>());
    }
  }
  const Table running = reader.Query(
      "SELECT number, worker, started FROM v_attempt WHERE stage = ? AND outcome IS NULL", {stage});
  if (!running.rows.empty()) {
    const auto& row = running.rows.front();
    return fmt::format("open: attempt {} runs on {} since {}", row[0].get<int64_t>(),
                       row[1].get<std::string>(), row[2].get<std::string>());
  }
  return "open: every input is done; `zerosweep run` computes it";
}

// "weight bits: conv1 8, layer1.0.conv1 3, …" for stages whose ops differ in bits.
std::string WeightBits(const ResultsReader& reader, const std::string& condition,
                       const std::string& name) {
  const Table metrics = reader.Query(
      "SELECT DISTINCT name, value FROM v_metric WHERE " + condition + " ORDER BY name", {name});
  std::string bits, choice;
  for (const auto& row : metrics.rows) {
    const std::string metric = row[0];
    const double value = row[1].is_number() ? row[1].get<double>() : 0;
    if (metric.starts_with("w_bits:")) {
      bits += fmt::format("{} {} {:g}", bits.empty() ? "" : ",",
                          metric.substr(metric.find(':', 7) + 1), value);
    }
    if (metric == "budget_bytes") choice += fmt::format("; budget {}", HumanBytes(value));
    if (metric == "predicted_kl") choice += fmt::format("; predicted KL {:.4g}", value);
    if (metric == "size_bytes") choice += fmt::format("; weights take {}", HumanBytes(value));
  }
  return bits.empty() ? "" : fmt::format("weight bits:{}{}\n", bits, choice);
}

// The facts about the thing outside its table: its row, and `why` for a stage.
struct Head {
  Json json;
  std::string text;
};

Head HeadOfTrial(const ResultsReader& reader, const std::string& trial) {
  const Table found = reader.Query(
      "SELECT model, method, bits, seed, state, error FROM v_trial WHERE trial = ? LIMIT 1",
      {trial});
  const std::vector<Json>& row = found.rows.at(0);
  const std::string bits =
      WeightBits(reader, "stage IN (SELECT stage FROM v_trial_stage WHERE trial = ?)", trial);
  const std::string error = row[5].is_string() ? ": " + row[5].get<std::string>() : "";
  return {{{"trial", trial},
           {"model", row[0]},
           {"method", row[1]},
           {"bits", row[2]},
           {"seed", row[3]},
           {"state", row[4]},
           {"error", row[5]}},
          fmt::format("trial {}: {} {} {}, seed {}: {}{}\n{}\n", trial, row[0].get<std::string>(),
                      row[1].get<std::string>(), row[2].get<std::string>(), row[3].get<int64_t>(),
                      row[4].get<std::string>(), error, bits)};
}

Head HeadOfStage(const ResultsReader& reader, const std::string& stage) {
  const Table found = reader.Query(
      "SELECT kind, implementation, state, params, error FROM v_stage WHERE stage = ?", {stage});
  const std::vector<Json>& row = found.rows.at(0);
  const std::string why = WhyState(reader, stage, row[2], row[4]);
  Head head{
      {{"stage", stage},
       {"kind", row[0]},
       {"implementation", row[1]},
       {"state", row[2]},
       {"why", why},
       {"params", Json::parse(row[3].get<std::string>())},
       {"inputs", Json::array()}},
      fmt::format("stage {}: {} {}\n  {}\n  parameters {}\n", stage, row[0].get<std::string>(),
                  row[1].get<std::string>(), why, row[3].get<std::string>())};
  for (const auto& input : InputsOf(reader, stage).rows) {
    head.json["inputs"].push_back(
        {{"role", input[0]}, {"kind", input[1]}, {"stage", input[2]}, {"state", input[3]}});
    head.text += fmt::format("  input {}: {} {} ({})\n", input[0].get<std::string>(),
                             input[1].get<std::string>(), input[2].get<std::string>(),
                             input[3].get<std::string>());
  }
  head.text += WeightBits(reader, "stage = ?", stage) + "\n";
  return head;
}

int RunExplain(const std::string& id, const Globals& globals) {
  const ResultsReader reader = OpenResults(globals);
  NamedThing thing = FindByPrefix(reader, id);
  if (thing.kind == NamedThing::Kind::kAttempt) {
    const Table stage = reader.Query("SELECT stage FROM v_attempt WHERE attempt = ?", {thing.name});
    thing = {NamedThing::Kind::kStage, stage.rows.at(0).at(0).get<std::string>()};
  }
  const bool trial = thing.kind == NamedThing::Kind::kTrial;
  Head head = trial ? HeadOfTrial(reader, thing.name) : HeadOfStage(reader, thing.name);
  const Table table = trial ? ExplainTrial(reader, thing.name) : ExplainStage(reader, thing.name);
  const auto curves = trial ? CurvesOfTrial(reader, thing.name) : CurvesOfStage(reader, thing.name);
  if (globals.format == "json") {
    head.json[trial ? "stages" : "attempts"] = Json::parse(TableAsJson(table));
    head.json["curves"] = CurvesAsJson(curves);
    PrintObject(head.json);
    return kExitOk;
  }
  if (globals.format == "table") fmt::print("{}", WithoutControls(head.text));
  PrintTable(table, globals);
  if (globals.format == "table" && !curves.empty())
    fmt::print("\n{}", WithoutControls(CurveLines(curves)));
  return kExitOk;
}

const RegisterCommand kExplain{"explain", "Say why a trial or a stage is in its state",
                               [](CLI::App& app, std::string& id) {
                                 app.add_option("id", id,
                                                "First characters of a trial, stage or attempt id")
                                     ->type_name(kind::kId)
                                     ->required();
                               },
                               RunExplain};

}  // namespace
}  // namespace zerosweep
