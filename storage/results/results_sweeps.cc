// The writer: a sweep becomes rows.
#include <map>

#include "base/clock.h"
#include "base/hash.h"
#include "storage/results/configuration.h"
#include "storage/results/results_impl.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxSource = 1 << 20;

// Inserts one sweep; lives for one transaction. Trials come before stages because a stage records
// which trial caused it.
class SweepInserter {
 public:
  SweepInserter(Database& db, const std::vector<TrialRow>& trials,
                const std::vector<StageRow>& stages)
      : db_(db),
        trials_(trials),
        stages_(stages),
        now_(SystemClock().Unix()),
        stage_ids_(stages.size(), 0),
        first_user_(stages.size()) {}

  // Returns whether the sweep has changed since it was last inserted.
  bool Sweep(const std::string& name, const std::string& source, const Json& resolved) {
    const std::string digest = Digest();
    const bool unchanged =
        db_.Prepare("SELECT id FROM sweep WHERE name = ? AND digest = ?").Finds(name, digest);
    Statement& upsert =
        db_.Prepare(R"(INSERT INTO sweep (name, source, resolved, digest, created, updated)
      VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (name) DO UPDATE SET source = excluded.source,
        resolved = excluded.resolved, digest = excluded.digest, updated = excluded.updated
      RETURNING id)");
    sweep_ = upsert.FirstInt(name, CleanLines(source, kMaxSource), resolved.dump(), digest, now_);
    if (unchanged) return false;
    // The sweep is what its file says now; trials that it no longer lists stay in the database.
    db_.Prepare("DELETE FROM sweep_trial WHERE sweep_id = ?").Run(sweep_);
    return true;
  }

  // Returns the number of new trials.
  int Trials() {
    for (const TrialRow& trial : trials_) {
      const auto [id, is_new] = Trial(trial);
      if (is_new) fresh_trials_.emplace_back(id, &trial);
      insert_sweep_trial_.Run(sweep_, id);
      for (const size_t stage : trial.stages)
        if (!first_user_[stage]) first_user_[stage] = id;
    }
    return static_cast<int>(fresh_trials_.size());
  }

  void Stages() {
    for (size_t i = 0; i < stages_.size(); ++i) {
      const auto [id, is_new] = Stage(stages_[i], first_user_[i]);
      stage_ids_[i] = id;
      if (is_new) fresh_stages_.push_back(i);
    }
  }

  // Whether some of its stages existed before: their states affect those of the new trials.
  bool MetKnownStages() const { return fresh_stages_.size() < stages_.size(); }

  // Links the new stages with their inputs and the new trials with their stages.
  void Links() {
    for (const size_t fresh : fresh_stages_) {
      const std::vector<size_t>& inputs = stages_[fresh].inputs;
      for (size_t place = 0; place < inputs.size(); ++place)
        insert_input_.Run(stage_ids_[fresh], static_cast<int64_t>(place),
                          stage_ids_[inputs[place]]);
    }
    for (const auto& [id, trial] : fresh_trials_) {
      for (const size_t stage : trial->stages)
        insert_trial_stage_.Run(id, stage_ids_[stage], stages_[stage].design->kind);
    }
  }

 private:
  // Ids of the rows that trials of one configuration share.
  struct SharedIds {
    int64_t configuration = 0, execution = 0;
  };

  // The digest of everything that the sweep's rows depend on, except their states.
  std::string Digest() {
    Sha256 digest;
    for (const TrialRow& trial : trials_) digest.Update(trial.id);
    for (const StageRow& stage : stages_) {
      digest.Update(stage.name);
      digest.Update(FilesOf(*stage.design));
    }
    return digest.Hex();
  }

  const std::string& FilesOf(const StageDesign& design) {
    const auto [place, is_new] = files_.try_emplace(&design);
    if (is_new) place->second = Json(design.files).dump();
    return place->second;
  }

  const SharedIds& IdsOf(const Configuration& configuration) {
    const auto [place, is_new] = configurations_.try_emplace(&configuration);
    if (is_new) place->second = FindOrAdd(configuration);
    return place->second;
  }

  // The design's row for stages with a seed, or for those without.
  int64_t IdOf(const StageDesign& design, bool has_seed) {
    const auto [place, is_new] = designs_.try_emplace({&design, has_seed});
    if (is_new) place->second = FindOrAdd(design, has_seed);
    return place->second;
  }

  SharedIds FindOrAdd(const Configuration& c) {
    SplitConfig split = SplitConfiguration(c.resolved);
    split.own.erase("/seeds");  // each trial stores its own
    Statement& configuration = db_.Prepare(R"(INSERT INTO configuration (digest, dataset, model,
        method, synthesizer, quantizer, w_bits, a_bits, bits, protocol, variant, config)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (digest) DO UPDATE SET digest = digest RETURNING id)");
    Statement& execution = db_.Prepare(R"(INSERT INTO execution (config) VALUES (?)
        ON CONFLICT (config) DO UPDATE SET config = config RETURNING id)");
    return {configuration.FirstInt(ConfigurationDigest(split.shared, c), c.dataset, c.model,
                                   c.method, c.synthesizer, c.quantizer, c.w_bits, c.a_bits, c.bits,
                                   c.protocol, c.variant, split.shared.dump()),
            execution.FirstInt(split.own.dump())};
  }

  int64_t FindOrAdd(const StageDesign& design, bool has_seed) {
    Json params = design.params;
    if (has_seed) params["seed"] = "<seed>";
    Statement& insert = db_.Prepare(R"(INSERT INTO design (kind, implementation, revision, params,
        roles, files, threads) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET kind = kind RETURNING id)");
    return insert.FirstInt(design.kind, design.implementation, design.revision,
                           CanonicalJson(params), Json(design.roles).dump(), FilesOf(design),
                           design.threads);
  }

  // Trial and Stage return the row's id, and whether it is new.
  std::pair<int64_t, bool> Trial(const TrialRow& trial) {
    const Seeds& seeds = trial.seeds;
    const SharedIds& ids = IdsOf(*trial.configuration);
    const bool synthesizes = !trial.configuration->synthesizer.empty();
    insert_trial_.Run(trial.id, ids.configuration, ids.execution,
                      synthesizes ? seeds.synthesis : seeds.quantize, seeds.synthesis,
                      seeds.quantize, now_);
    if (db_.changes() > 0) return {db_.last_row(), true};
    return {find_trial_.FirstInt(trial.id), false};
  }

  std::pair<int64_t, bool> Stage(const StageRow& stage, std::optional<int64_t> caused_by) {
    const int64_t design = IdOf(*stage.design, stage.seed.has_value());
    insert_stage_.Run(stage.name, design, stage.seed, now_, caused_by);
    if (db_.changes() > 0) return {db_.last_row(), true};
    find_stage_.Bind(design, stage.name).Step();
    const int64_t id = find_stage_.Int(0);
    const bool moved = find_stage_.Int(1) != 0;
    find_stage_.Reset();
    // Files may have moved since an earlier run: an unfinished stage takes the new paths.
    if (moved) db_.Prepare("UPDATE stage SET design_id = ? WHERE id = ?").Run(design, id);
    return {id, false};
  }

  Database& db_;
  const std::vector<TrialRow>& trials_;
  const std::vector<StageRow>& stages_;
  double now_;
  int64_t sweep_ = 0;
  std::vector<int64_t> stage_ids_;
  std::vector<std::optional<int64_t>> first_user_;  // by stage: the first trial that needs it
  std::vector<std::pair<int64_t, const TrialRow*>> fresh_trials_;
  std::vector<size_t> fresh_stages_;
  std::map<const Configuration*, SharedIds> configurations_;
  std::map<std::pair<const StageDesign*, bool>, int64_t> designs_;
  std::map<const StageDesign*, std::string> files_;  // as JSON

  // The most frequent statements. They leave existing rows as they are.
  Statement& insert_trial_ = db_.Prepare(R"(INSERT INTO trial (digest, configuration_id,
      execution_id, seed, seed_synthesis, seed_quantize, created)
      VALUES (unhex(?), ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING)");
  Statement& find_trial_ = db_.Prepare("SELECT id FROM trial WHERE name = ?");
  Statement& insert_stage_ = db_.Prepare(R"(INSERT INTO stage (digest, design_id, seed, created,
      caused_by) VALUES (unhex(?), ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING)");
  Statement& find_stage_ =
      db_.Prepare("SELECT id, state <> 'done' AND design_id <> ? FROM stage WHERE name = ?");
  Statement& insert_sweep_trial_ = db_.Prepare("INSERT OR IGNORE INTO sweep_trial VALUES (?, ?)");
  Statement& insert_trial_stage_ =
      db_.Prepare("INSERT INTO trial_stage (trial_id, stage_id, kind) VALUES (?, ?, ?)");
  Statement& insert_input_ =
      db_.Prepare("INSERT INTO stage_input (stage_id, place, input_id) VALUES (?, ?, ?)");
};

}  // namespace

int ResultsWriter::AddSweep(const std::string& name, const std::string& source,
                            const Json& resolved, const std::vector<TrialRow>& trials,
                            const std::vector<StageRow>& stages) {
  return impl_->Do([&] {
    SweepInserter inserter(impl_->db, trials, stages);
    if (!inserter.Sweep(name, source, resolved)) return 0;
    const int fresh = inserter.Trials();
    inserter.Stages();
    inserter.Links();
    if (inserter.MetKnownStages()) impl_->Settle();
    return fresh;
  });
}

}  // namespace zerosweep
