// What the first characters of an id on the command line mean.
#pragma once

#include <string>

#include "storage/results/results.h"

namespace zerosweep {

struct NamedThing {
  enum class Kind { kTrial, kStage, kAttempt };
  Kind kind = Kind::kTrial;
  std::string name;  // whole
};

// Throws kUsage for what cannot be the beginning of an id, or is too short to name one.
void RequireIdPrefix(const std::string& prefix);

// Throws kUsage when nothing, or more than one thing, begins like that.
NamedThing FindByPrefix(const ResultsReader& reader, const std::string& prefix);

// The whole name of the one trial that begins like that. Throws kUsage likewise.
std::string FindTrial(const ResultsReader& reader, const std::string& prefix);

}  // namespace zerosweep
