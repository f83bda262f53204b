// The writer: a sweep becomes rows.
#include <map>

#include "base/clock.h"
#include "base/hash.h"
#include "storage/configuration.h"
#include "storage/results_impl.h"
#include "storage/stage_text.h"

namespace zerosweep {
namespace {

constexpr size_t kMostSource = 1 << 20;

// Inserts one sweep; lives for one transaction. Trials come before stages because a stage says
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
        first_user_(stages.size(), 0) {}

  // Returns whether it has changed since it was last inserted.
  bool Sweep(const std::string& name, const std::string& source, const Json& resolved);
  // Returns how many are new.
  int Trials();
  void Stages();
  // Whether stages of it were there before, whose states say something about the new trials.
  bool MetKnownStages() const { return fresh_stages_.size() < stages_.size(); }
  // Links the new stages with their inputs and the new trials with their stages.
  void Links();

 private:
  // What all trials of a configuration have in common in the database. What each of them keeps for
  // itself (configuration.h) is a JSON text around its seeds.
  struct ConfigurationText {
    int64_t id = 0;
    std::string before_seeds, after_seeds;
  };
  struct DesignText {
    StageText text;
    std::string files;
  };
  // Of what the rows of the sweep depend on; the state that they are in does not.
  std::string Digest();
  const ConfigurationText& TextOf(const Configuration& configuration);
  const DesignText& TextOf(const StageDesign& design);
  int64_t FindOrAdd(const Configuration& configuration, const Json& shared);
  // Returns its id, and whether it is new.
  std::pair<int64_t, bool> Trial(const TrialRow& trial);
  std::pair<int64_t, bool> Stage(const StageRow& stage, int64_t caused_by);

  Database& db_;
  const std::vector<TrialRow>& trials_;
  const std::vector<StageRow>& stages_;
  double now_;
  int64_t sweep_ = 0;
  std::vector<int64_t> stage_ids_;
  std::vector<int64_t> first_user_;  // by stage: the trial that causes it
  std::vector<std::pair<int64_t, const TrialRow*>> fresh_trials_;
  std::vector<size_t> fresh_stages_;
  std::map<const Configuration*, ConfigurationText> configurations_;
  std::map<const StageDesign*, DesignText> designs_;

  // By far the most that it does; what is there already is left as it is.
  Statement& insert_trial_ = db_.Prepare(R"(INSERT INTO trial (name, configuration_id, dataset,
      model, method, synthesizer, quantizer, w_bits, a_bits, bits, seed, protocol, variant, seeds,
      created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING)");
  Statement& find_trial_ = db_.Prepare("SELECT id FROM trial WHERE name = ?");
  Statement& insert_stage_ = db_.Prepare(R"(INSERT INTO stage (name, kind, implementation,
      revision, params, files, threads, created, caused_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (name) DO NOTHING)");
  Statement& find_stage_ =
      db_.Prepare("SELECT id, state <> 'done' AND files <> ? FROM stage WHERE name = ?");
  Statement& insert_sweep_trial_ = db_.Prepare("INSERT OR IGNORE INTO sweep_trial VALUES (?, ?)");
  Statement& insert_trial_stage_ = db_.Prepare("INSERT INTO trial_stage VALUES (?, ?, ?)");
  Statement& insert_input_ = db_.Prepare("INSERT INTO stage_input VALUES (?, ?, ?)");
};

std::string SweepInserter::Digest() {
  Sha256 digest;
  for (const TrialRow& trial : trials_) digest.Update(trial.id);
  for (const StageRow& stage : stages_) {
    digest.Update(stage.name);
    digest.Update(TextOf(*stage.design).files);
  }
  return digest.Hex();
}

bool SweepInserter::Sweep(const std::string& name, const std::string& source,
                          const Json& resolved) {
  const std::string digest = Digest();
  Statement& find = db_.Prepare("SELECT id FROM sweep WHERE name = ? AND digest = ?");
  const bool unchanged = find.Bind(name, digest).Step();
  find.Reset();
  Statement& upsert =
      db_.Prepare(R"(INSERT INTO sweep (name, source, resolved, digest, created, updated)
    VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (name) DO UPDATE SET source = excluded.source,
      resolved = excluded.resolved, digest = excluded.digest, updated = excluded.updated
    RETURNING id)");
  upsert.Bind(name, CleanLines(source, kMostSource), resolved.dump(), digest, now_).Step();
  sweep_ = upsert.Int(0);
  upsert.Reset();
  if (unchanged) return false;
  // The sweep is what its file says now; trials that left it stay in the database.
  db_.Prepare("DELETE FROM sweep_trial WHERE sweep_id = ?").Run(sweep_);
  return true;
}

const SweepInserter::ConfigurationText& SweepInserter::TextOf(const Configuration& configuration) {
  const auto [place, is_new] = configurations_.try_emplace(&configuration);
  if (is_new) {
    SplitConfig split = SplitConfiguration(configuration.resolved);
    const std::string seeds = R"("/seeds":)";
    split.own["/seeds"] = nullptr;
    const std::string own = split.own.dump();
    const size_t cut = own.find(seeds + "null") + seeds.size();
    place->second = {FindOrAdd(configuration, split.shared), own.substr(0, cut),
                     own.substr(cut + std::string_view("null").size())};
  }
  return place->second;
}

const SweepInserter::DesignText& SweepInserter::TextOf(const StageDesign& design) {
  auto known = designs_.find(&design);
  if (known == designs_.end())
    known =
        designs_.emplace(&design, DesignText{StageText(design), Json(design.files).dump()}).first;
  return known->second;
}

int64_t SweepInserter::FindOrAdd(const Configuration& c, const Json& shared) {
  const std::string digest = ConfigurationDigest(shared, c);
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

std::pair<int64_t, bool> SweepInserter::Trial(const TrialRow& trial) {
  const Configuration& c = *trial.configuration;
  const ConfigurationText& text = TextOf(c);
  const std::string own =
      fmt::format(R"({}{{"quantize":{},"synthesis":{}}}{})", text.before_seeds,
                  trial.seeds.quantize, trial.seeds.synthesis, text.after_seeds);
  insert_trial_.Run(trial.id, text.id, c.dataset, c.model, c.method, c.synthesizer, c.quantizer,
                    c.w_bits, c.a_bits, c.bits,
                    c.synthesizer.empty() ? trial.seeds.quantize : trial.seeds.synthesis,
                    c.protocol, c.variant, own, now_);
  if (db_.changes() > 0) return {db_.last_row(), true};
  find_trial_.Bind(trial.id).Step();
  const int64_t id = find_trial_.Int(0);
  find_trial_.Reset();
  return {id, false};
}

int SweepInserter::Trials() {
  for (const TrialRow& trial : trials_) {
    const auto [id, is_new] = Trial(trial);
    if (is_new) fresh_trials_.emplace_back(id, &trial);
    insert_sweep_trial_.Run(sweep_, id);
    for (const size_t stage : trial.stages)
      if (first_user_[stage] == 0) first_user_[stage] = id;
  }
  return static_cast<int>(fresh_trials_.size());
}

std::pair<int64_t, bool> SweepInserter::Stage(const StageRow& stage, int64_t caused_by) {
  const StageDesign& design = *stage.design;
  const DesignText& text = TextOf(design);
  insert_stage_.Run(stage.name, design.kind, design.implementation, design.revision,
                    text.text.Params(stage.seed), text.files, design.threads, now_,
                    caused_by == 0 ? nullptr : &caused_by);
  if (db_.changes() > 0) return {db_.last_row(), true};
  find_stage_.Bind(text.files, stage.name).Step();
  const int64_t id = find_stage_.Int(0);
  const bool moved = find_stage_.Int(1) != 0;
  find_stage_.Reset();
  // Files may have moved since an earlier run: a stage still to be run takes the new places.
  if (moved) db_.Prepare("UPDATE stage SET files = ? WHERE id = ?").Run(text.files, id);
  return {id, false};
}

void SweepInserter::Stages() {
  for (size_t i = 0; i < stages_.size(); ++i) {
    const auto [id, is_new] = Stage(stages_[i], first_user_[i]);
    stage_ids_[i] = id;
    if (is_new) fresh_stages_.push_back(i);
  }
}

void SweepInserter::Links() {
  for (const size_t fresh : fresh_stages_) {
    const StageRow& stage = stages_[fresh];
    for (size_t i = 0; i < stage.inputs.size(); ++i) {
      insert_input_.Run(stage_ids_[fresh], stage.design->roles[i], stage_ids_[stage.inputs[i]]);
    }
  }
  for (const auto& [id, trial] : fresh_trials_) {
    for (const size_t stage : trial->stages) {
      insert_trial_stage_.Run(id, stages_[stage].design->kind, stage_ids_[stage]);
    }
  }
}

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
