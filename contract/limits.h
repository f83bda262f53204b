// What a method cannot do, as data: the control program asks before any work, the stage program
// asks again with the network in hand, and both give the same message.
//
// A limit is {"when": [condition, …], "message": "…"}: it refuses what meets all of its conditions.
// A condition compares one fact with a value, or with another fact:
//
//   {"fact": "param.stem", "is": ["skip", "pre_bn"]}          "is", "is_not": a value, or one of a
//   {"fact": "param.latents", "is_not": {"fact": "…"}}        list
//   {"fact": "trial.side", "below": 75}                       "below", "above": numbers
//   {"fact": "param.falls", "unlike": "[0-9, .]*"}            text that the pattern does not match
//   {"fact": "param.units", "off_path": {"fact": "…"}}        text whose words do not go along a
//                                                             list, in order, to its end
//   {"fact": "param.units", "starts_off": {"fact": "…"}}      text whose first word the list lacks
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/json.h"

namespace zerosweep {

// Groups of facts, each an object: "param" → {"stem": "skip", …}. A condition on a fact that is not
// there does not hold.
using LimitFacts = std::map<std::string, const Json*>;

// Throws kInternal for a condition of another form.
bool AllHold(const Json& conditions, const LimitFacts& facts);

// The message of the first limit that refuses, with the values of facts in place of "{param.stem}".
std::optional<std::string> Refusal(const Json& limits, const LimitFacts& facts);

}  // namespace zerosweep
