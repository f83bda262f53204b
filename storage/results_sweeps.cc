// The writer: a sweep becomes rows.
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/clock.h"
#include "storage/configuration.h"
#include "storage/results_impl.h"

namespace zerosweep {
namespace {

constexpr size_t kMostSource = 1 << 20;

// What a trial keeps for itself of its configuration (configuration.h).
Json OwnOf(const TrialRow& trial, const SplitConfig& config) {
  Json own = config.own;
  if (!trial.seeds.empty()) own["/seeds"] = trial.seeds;
  return own;
}

// Inserts one sweep; lives for one transaction. Trials come before stages because a stage says
// which trial caused it.
class SweepInserter {
 public:
  explicit SweepInserter(Database& db) : db_(db), now_(SystemClock().Unix()) {}

  void Sweep(const std::string& name, const std::string& source, const Json& resolved);
  // Returns whether the trial is new.
  bool Trial(const TrialRow& trial);
  void Stage(const StageRow& stage);
  void Inputs(const StageRow& stage);
  // Links the new trials with their stages.
  void Links();

 private:
  const SplitConfig& Split(const TrialRow& trial);
  int64_t Configuration(const TrialRow& trial, const Json& shared);
  int64_t FindOrAddConfiguration(const TrialRow& trial, const Json& shared);
  int64_t StageId(const std::string& name);

  Database& db_;
  double now_;
  int64_t sweep_ = 0;
  std::map<const Json*, SplitConfig> split_;  // of shared configurations
  // Rows that this transaction has met, by what their digest is made of.
  using ConfigurationKey =
      std::tuple<const Json*, std::string, std::string, std::string, std::string, std::string,
                 double, double, std::string, std::string>;
  std::map<ConfigurationKey, int64_t> configurations_;
  std::vector<std::pair<int64_t, const TrialRow*>> fresh_;
  std::unordered_map<std::string, int64_t> first_user_;  // stage → the trial that causes it
  std::unordered_map<std::string, int64_t> stage_ids_;
};

void SweepInserter::Sweep(const std::string& name, const std::string& source,
                          const Json& resolved) {
  Statement& upsert = db_.Prepare(R"(INSERT INTO sweep (name, source, resolved, created, updated)
    VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (name) DO UPDATE SET source = excluded.source,
      resolved = excluded.resolved, updated = excluded.updated RETURNING id)");
  upsert.Bind(name, CleanLines(source, kMostSource), resolved.dump(), now_).Step();
  sweep_ = upsert.Int(0);
  upsert.Reset();
  // The sweep is what its file says now; trials that left it stay in the database.
  db_.Prepare("DELETE FROM sweep_trial WHERE sweep_id = ?").Run(sweep_);
}

const SplitConfig& SweepInserter::Split(const TrialRow& trial) {
  static const Json kNone = Json::object();
  const auto [place, added] = split_.try_emplace(trial.config.get());
  if (added) place->second = SplitConfiguration(trial.config ? *trial.config : kNone);
  return place->second;
}

int64_t SweepInserter::Configuration(const TrialRow& trial, const Json& shared) {
  const auto [place, added] = configurations_.try_emplace(
      {trial.config.get(), trial.dataset, trial.model, trial.method, trial.synthesizer,
       trial.quantizer, trial.w_bits, trial.a_bits, trial.protocol, trial.variant});
  if (added) place->second = FindOrAddConfiguration(trial, shared);
  return place->second;
}

int64_t SweepInserter::FindOrAddConfiguration(const TrialRow& trial, const Json& shared) {
  const std::string digest = JsonDigest(
      Json::array({shared, trial.dataset, trial.model, trial.method, trial.synthesizer,
                   trial.quantizer, trial.w_bits, trial.a_bits, trial.protocol, trial.variant}));
  Statement& find = db_.Prepare("SELECT id FROM configuration WHERE digest = ?");
  if (find.Bind(digest).Step()) {
    const int64_t id = find.Int(0);
    find.Reset();
    return id;
  }
  db_.Prepare("INSERT INTO configuration (digest, config) VALUES (?, ?)")
      .Run(digest, shared.dump());
  return db_.last_row();
}

bool SweepInserter::Trial(const TrialRow& trial) {
  Statement& find = db_.Prepare("SELECT id FROM trial WHERE name = ?");
  int64_t id = 0;
  const bool known = find.Bind(trial.id).Step();
  if (known) {
    id = find.Int(0);
    find.Reset();
  } else {
    const SplitConfig& config = Split(trial);
    db_.Prepare(R"(INSERT INTO trial (name, configuration_id, dataset, model, method, synthesizer,
        quantizer, w_bits, a_bits, bits, seed, protocol, variant, seeds, created)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))")
        .Run(trial.id, Configuration(trial, config.shared), trial.dataset, trial.model,
             trial.method, trial.synthesizer, trial.quantizer, trial.w_bits, trial.a_bits,
             trial.bits, trial.seed, trial.protocol, trial.variant, OwnOf(trial, config).dump(),
             now_);
    id = db_.last_row();
    fresh_.emplace_back(id, &trial);
  }
  db_.Prepare("INSERT OR IGNORE INTO sweep_trial VALUES (?, ?)").Run(sweep_, id);
  for (const auto& [kind, stage] : trial.stages) first_user_.try_emplace(stage, id);
  return !known;
}

void SweepInserter::Stage(const StageRow& stage) {
  const auto user = first_user_.find(stage.spec.name);
  const int64_t* caused_by = user == first_user_.end() ? nullptr : &user->second;
  // Files may have moved since an earlier run of the sweep: a stage still to be run takes the new
  // places.
  db_.Prepare(R"(INSERT INTO stage (name, kind, implementation, revision, params, files, threads,
      created, caused_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET files = excluded.files
      WHERE state <> 'done' AND files <> excluded.files)")
      .Run(stage.spec.name, stage.spec.kind, stage.implementation, stage.spec.revision,
           stage.spec.params.dump(), Json(stage.files).dump(), stage.threads, now_, caused_by);
}

int64_t SweepInserter::StageId(const std::string& name) {
  const auto [place, added] = stage_ids_.try_emplace(name, 0);
  if (added) place->second = FindStage(db_, name);
  return place->second;
}

void SweepInserter::Inputs(const StageRow& stage) {
  for (const auto& [role, input] : stage.spec.inputs) {
    db_.Prepare("INSERT OR IGNORE INTO stage_input VALUES (?, ?, ?)")
        .Run(StageId(stage.spec.name), role, StageId(input));
  }
}

void SweepInserter::Links() {
  for (const auto& [id, trial] : fresh_) {
    for (const auto& [kind, stage] : trial->stages) {
      db_.Prepare("INSERT INTO trial_stage VALUES (?, ?, ?)").Run(id, kind, StageId(stage));
    }
  }
}

}  // namespace

int ResultsWriter::AddSweep(const std::string& name, const std::string& source,
                            const Json& resolved, const std::vector<TrialRow>& trials,
                            const std::vector<StageRow>& stages) {
  return impl_->Do([&] {
    SweepInserter inserter(impl_->db);
    inserter.Sweep(name, source, resolved);
    int fresh = 0;
    for (const TrialRow& trial : trials) fresh += inserter.Trial(trial) ? 1 : 0;
    for (const StageRow& stage : stages) inserter.Stage(stage);
    for (const StageRow& stage : stages) inserter.Inputs(stage);
    inserter.Links();
    impl_->Settle();
    return fresh;
  });
}

}  // namespace zerosweep
