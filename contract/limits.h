// Restrictions of a method or network, as data. The control program checks them before any work,
// the stage program checks them again with the network loaded, and both give the same message.
//
// A condition compares a fact with a value, or with another fact:
//
//   {"param.stem", "is", {"skip", "pre_bn"}}           "is", "is_not": a value, or one of a list
//   {"trial.side", "below", 75}                        "below", "above": numbers
//   {"param.falls", "unlike", "[0-9, .]*"}             text that the pattern does not match
//   {"param.units", "off_path", FactNamed("…")}        text whose words do not follow a list in
//                                                      order to its last item
//   {"param.units", "starts_off", FactNamed("…")}      text whose first word the list lacks
//
// Facts: "param.NAME" (resolved, of the method and of its stage's kind), "protocol.NAME",
// "model.NAME" (ModelFacts, contract/declaration.h), "trial.side" (pixels of the network's images),
// "trial.a_bits", and "trial.labelled" (whether the images were made for classes; only for a
// quantizer that takes images). A stage that runs neither synthesizer nor quantizer has only
// "param.NAME", "trial.a_bits", "trial.w_bits" (0: they differ by layer) and "quantizer.NAME" (a
// parameter of the trial's quantizer).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

struct Condition {
  std::string fact;
  std::string relation;
  Json value;  // or another fact: FactNamed(…)
};

// Refuses a trial that meets all of its conditions.
struct Limit {
  std::vector<Condition> when;
  std::string message;  // the problem and advice; "{param.stem}" stands for the fact's value
};

Json FactNamed(const std::string& name);
// The name in a FactNamed; nullopt for a plain value.
std::optional<std::string> NameOfFact(const Json& value);

// Groups of facts, each an object: "param" → {"stem": "skip", …}. A condition on an absent fact
// does not hold.
using LimitFacts = std::map<std::string, const Json*>;

// Throws kInternal for an unknown relation.
bool AllHold(const std::vector<Condition>& conditions, const LimitFacts& facts);

// The message of the first limit that refuses the trial, with the values of facts filled in.
std::optional<std::string> Refusal(const std::vector<Limit>& limits, const LimitFacts& facts);

}  // namespace zerosweep
