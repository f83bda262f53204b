// What a method or network cannot do, as data: the control program asks before any work, the stage
// program asks again with the network in hand, and both give the same message.
//
// A condition compares a fact with a value, or with another fact:
//
//   {"param.stem", "is", {"skip", "pre_bn"}}           "is", "is_not": a value, or one of a list
//   {"trial.side", "below", 75}                        "below", "above": numbers
//   {"param.falls", "unlike", "[0-9, .]*"}             text that the pattern does not match
//   {"param.units", "off_path", FactNamed("…")}        text whose words do not go along a list, in
//                                                      order, to its end
//   {"param.units", "starts_off", FactNamed("…")}      text whose first word the list lacks
//
// Facts: "param.NAME" (of the method and of its stage's kind, resolved), "protocol.NAME",
// "model.NAME" (ModelFacts, contract/declaration.h), "trial.side" (pixels of the network's images),
// "trial.a_bits", "trial.labelled" (whether the images were made for classes; of a quantizer that
// takes images).
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
  Json value;  // FactNamed(…): another fact
};

// Refuses what meets all of its conditions.
struct Limit {
  std::vector<Condition> when;
  std::string message;  // what is wrong, and what to do; "{param.stem}" stands for the fact's value
};

Json FactNamed(const std::string& name);
// The reverse; nullopt for a value.
std::optional<std::string> NameOfFact(const Json& value);

// Groups of facts, each an object: "param" → {"stem": "skip", …}. A condition on a fact that is not
// there does not hold.
using LimitFacts = std::map<std::string, const Json*>;

// Throws kInternal for an unknown relation.
bool AllHold(const std::vector<Condition>& conditions, const LimitFacts& facts);

// The message of the first limit that refuses, with the values of facts filled in.
std::optional<std::string> Refusal(const std::vector<Limit>& limits, const LimitFacts& facts);

}  // namespace zerosweep
