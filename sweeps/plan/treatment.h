// How a trial is computed: its method, and every parameter of every stage.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/plan/trial_values.h"

namespace zerosweep {

// A stage of a trial: its kind, what it runs, its inputs and its parameters.
struct TrialStage {
  const Declaration* kind = nullptr;
  const Part* part = nullptr;      // the synthesizer or quantizer that it runs; null: none
  std::vector<std::string> roles;  // of its inputs, sorted
  std::vector<size_t> inputs;      // indices into the trial's stages, in the order of the roles
  Json all = Json::object();       // parameters of the implementation, defaults included
  Json named = Json::object();     // those that enter the stage's name: without neutral ones,
                                   // but with the kind's own
  int threads = 1;
  ResourceRequest needs;
  std::string where;  // the place that sets its parameters

  const KindFacts& facts() const { return kind->kind(); }
  // The declaration that computes it: the part's, or the kind's own.
  const Declaration& implementation() const { return part != nullptr ? *part->declaration : *kind; }
};

// Not copyable: its stages point to its method.
struct Treatment {
  std::optional<Method> method;  // absent: the trial names none, or only half of a pair
  const Bits* bits = nullptr;    // null: the trial names none
  std::string profile, variant;
  ProtocolChoice protocol_choice;  // of the trial, otherwise of the recipe
  bool protocol_given = false;     // by the trial
  Protocol protocol;               // resolved
  std::vector<TrialStage> stages;  // inputs before users; an incomplete trial has only some

  Treatment() = default;
  Treatment(const Treatment&) = delete;
  Treatment& operator=(const Treatment&) = delete;

  // Every parameter that the block sets, with its value.
  Json ValuesOf(KindFacts::SetBy block) const;
};

// Fills in the treatment of a trial, which may be incomplete. `threads` is for every stage; 0: as
// kinds and profile declare. Throws kUsage at the value that is wrong.
void ResolveTreatment(const Assignment& trial, const TrialValues& values,
                      const Catalogue& catalogue, int threads, Treatment& treatment);

}  // namespace zerosweep
