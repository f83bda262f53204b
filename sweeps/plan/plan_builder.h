// Turns trials into rows: the stages that their kinds declare (KindFacts), shared by name.
//
//   teacher → synthesize (→ sensitivity, correct) → quantize → evaluate
//   teacher → quantize → evaluate, of a method that makes its images while it quantizes
//
// The revision in a name is the implementation's for synthesize and quantize, the kind's for the
// others.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/results/stage_text.h"
#include "sweeps/plan/plan.h"
#include "sweeps/plan/trial_resolver.h"

namespace zerosweep {

class PlanBuilder {
 public:
  // Trials and stages are appended to `plan`; at most `expected` trials will be added.
  PlanBuilder(const Catalogue& catalogue, TrialResolver& resolver, Plan& plan, size_t expected);

  // Throws kUsage for an incomplete trial, one that cannot be run (trial_limits.h), and one that is
  // the same as an earlier one. A trial that differs from an earlier one only in what nothing in it
  // uses (the seed of a method without chance) counts once.
  void Add(const Assignment& trial, const std::string& sweep_where);

  // Trials that coincided with others.
  size_t duplicates() const { return coincidences_; }

 private:
  // A design and its text, one for each distinct design of the sweep.
  struct Design {
    std::shared_ptr<const StageDesign> design;
    StageText text;
    size_t family = 0;  // designs of one family give their stages the same names
  };
  // A stage of a trial before its seed is known.
  struct SeedlessStage {
    const Design* design = nullptr;
    int64_t Seeds::*seed = nullptr;  // null: it takes none
    std::vector<size_t> inputs;      // places in the trial
    std::string where;
  };
  // What trials that differ in their seeds alone have in common.
  struct TrialDesign {
    std::shared_ptr<const Configuration> configuration;
    std::string id_tail;  // TrialTail
    size_t family = 0;    // designs of one family have the same tail
    std::vector<SeedlessStage> stages;
  };
  // What determines the name of a stage: its family, seed and inputs; or of a trial: its family and
  // last stage. Most names need not be computed to be known.
  struct Key {
    size_t family = 0;
    int64_t seed = 0;
    std::array<uint32_t, 6> inputs{};  // more than any stage has; 0: none (a teacher's place)
    bool operator==(const Key&) const = default;
  };
  struct HashKey {
    size_t operator()(const Key& key) const;
  };

  const TrialDesign& DesignOf(const Assignment& trial, const std::string& sweep_where);
  TrialDesign MakeDesign(const ResolvedTrial& trial);
  StageDesign DesignOf(const ResolvedTrial& trial, const TrialStage& stage);
  // What the stage reads from outside joins the plan's checks.
  void AddCheck(const ResolvedTrial& trial, const TrialStage& stage, const StageDesign& design);
  const Design& Intern(StageDesign design);
  size_t FamilyOf(const std::string& text);
  // The stage's place in the plan, where it is put if it is new.
  size_t Place(const SeedlessStage& stage, const Seeds& seeds, const std::vector<size_t>& earlier);
  void PlaceNew(const SeedlessStage& stage, const Seeds& seeds, std::vector<size_t> inputs);
  void CheckShared(const StageDesign& first, const SeedlessStage& stage);

  const Catalogue& catalogue_;
  TrialResolver& resolver_;
  Plan& plan_;
  std::unordered_map<std::string, Design> designs_;                    // by their whole text
  std::map<decltype(Assignment::values), TrialDesign> trial_designs_;  // without the seed
  std::unordered_map<std::string, size_t> families_;  // by what names have in common
  std::unordered_map<Key, size_t, HashKey> stages_, trials_;
  std::vector<Assignment> assignments_;  // of the plan's trials
  std::set<std::string> checked_;        // the plan's checks as text, and what was said of models
  size_t coincidences_ = 0;
};

}  // namespace zerosweep
