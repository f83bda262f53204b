// How a trial is computed: its method with every parameter of every stage.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/plan/trial_values.h"

namespace zerosweep {

// A stage of a trial: its kind, what it runs, its inputs and its parameters.
struct TrialStage {
  const Declaration* kind = nullptr;
  const Part* part = nullptr;      // the synthesizer or quantizer that it runs; null: it runs none
  std::vector<std::string> roles;  // of its inputs, sorted
  std::vector<size_t> inputs;      // in the order of the roles: places among the trial's stages
  Json all = Json::object();       // of the implementation, defaults included
  Json named = Json::object();     // those that go into the stage's name: neutral ones left out,
                                   // the kind's own included
  int threads = 1;
  ResourceRequest needs;
  std::string where;  // of what sets its parameters

  const KindFacts& facts() const { return kind->kind(); }
  // What computes it: the part's declaration, or the kind's own.
  const Declaration& implementation() const { return part != nullptr ? *part->declaration : *kind; }
};

// Not to be copied: its stages point to its method.
struct Treatment {
  std::optional<Method> method;  // none: the trial names none, or half a pair
  const Bits* bits = nullptr;    // null: the trial names none
  std::string profile, variant;
  Protocol protocol;
  std::vector<TrialStage> stages;  // inputs before users; those that the trial has so far

  Treatment() = default;
  Treatment(const Treatment&) = delete;
  Treatment& operator=(const Treatment&) = delete;

  // Every parameter that the block sets, with its value.
  Json ValuesOf(KindFacts::SetBy block) const;
};

// Fills in the treatment of a trial, which may be incomplete. `threads`: of every stage; 0: as
// kinds and profile declare. Throws kUsage at the value that is wrong.
void ResolveTreatment(const Assignment& trial, const TrialValues& values,
                      const Catalogue& catalogue, int threads, Treatment& treatment);

}  // namespace zerosweep
