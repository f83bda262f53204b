// Turns trials into rows: one for each distinct trial, and one for each distinct stage. The stages
// of a trial are those that their kinds declare (KindFacts):
//
//   teacher → synthesize (→ sensitivity, correct) → quantize → evaluate
//   teacher → quantize → evaluate, for a method that makes its images while it quantizes
//
// A stage's name contains the revision of the implementation for synthesize and quantize, and that
// of the kind for the others.
//
// Stages are shared if their names are equal. A sweep may have 200,000 of them, so the builder
// finds equal names without computing them (each is a SHA-256 of JSON):
//
//   - A design is a stage without its seed and inputs. Each distinct design is built once.
//   - A family is a set of designs that differ only in what is not part of a name: implementation,
//     files, threads, resources. With the same seed and inputs, their stages have the same name.
//   - A key is (family, seed, inputs). Equal keys mean equal names, so a name is computed only for
//     the first stage of a key.
//
// Trials work likewise: a trial design is a trial without its seeds, its family stands for method,
// protocol and variant, and its key is (family, last stage).
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
  // Appends trials and stages to `plan`. At most `expected` trials will be added.
  PlanBuilder(const Catalogue& catalogue, TrialResolver& resolver, Plan& plan, size_t expected);

  // Throws kUsage for an incomplete trial, one that cannot run (trial_limits.h), and one that
  // repeats an earlier one. A trial that differs from an earlier one only in something that has no
  // effect in it (the seed of a method without randomness) counts once.
  void Add(const Assignment& trial, const std::string& sweep_where);

  // The number of trials that coincided with others.
  size_t duplicates() const { return duplicates_; }

 private:
  // A distinct design, with the text from which names are computed.
  struct Design {
    std::shared_ptr<const StageDesign> design;
    StageText text;
    size_t family = 0;  // designs of one family give equal names
  };
  // A stage of a trial design.
  struct SeedlessStage {
    const Design* design = nullptr;
    int64_t Seeds::*seed = nullptr;  // null: it takes no seed
    std::vector<size_t> inputs;      // indices into the stages of the trial design
    std::string where;
  };
  // What trials have in common that differ only in their seeds.
  struct TrialDesign {
    std::shared_ptr<const Configuration> configuration;
    std::string id_tail;  // TrialTail
    size_t family = 0;    // by `id_tail`
    std::vector<SeedlessStage> stages;
  };
  // Identifies a stage by family, seed and inputs, or a trial by family and last stage.
  struct Key {
    size_t family = 0;
    int64_t seed = 0;
    std::array<uint32_t, 6> inputs{};  // indices into the plan's stages, padded with 0; six suffice
    bool operator==(const Key&) const = default;
  };
  struct HashKey {
    size_t operator()(const Key& key) const;
  };

  const TrialDesign& DesignOf(const Assignment& trial, const std::string& sweep_where);
  TrialDesign MakeDesign(const ResolvedTrial& trial);
  StageDesign DesignOf(const ResolvedTrial& trial, const TrialStage& stage);
  // Adds a check to the plan for what the stage reads from outside.
  void AddCheck(const ResolvedTrial& trial, const TrialStage& stage, const StageDesign& design);
  const Design& Intern(StageDesign design);
  size_t FamilyOf(const std::string& text);
  // Returns the stage's index in the plan, after adding the stage if it is new.
  size_t Place(const SeedlessStage& stage, const Seeds& seeds, const std::vector<size_t>& earlier);
  void PlaceNew(const SeedlessStage& stage, const Seeds& seeds, std::vector<size_t> inputs);
  void CheckShared(const StageDesign& first, const SeedlessStage& stage);

  const Catalogue& catalogue_;
  TrialResolver& resolver_;
  Plan& plan_;
  std::unordered_map<std::string, Design> designs_;                    // by their whole text
  std::map<decltype(Assignment::values), TrialDesign> trial_designs_;  // without the seed
  std::unordered_map<std::string, size_t> families_;  // by the text that enters names
  std::unordered_map<Key, size_t, HashKey> stages_, trials_;
  std::vector<Assignment> assignments_;  // of the plan's trials
  std::set<std::string> checked_;        // checks of the plan as text, and warnings about models
  size_t duplicates_ = 0;
};

}  // namespace zerosweep
