// Finds what the first characters of an id on the command line name.
#pragma once

#include <string>

#include "storage/results/results.h"

namespace zerosweep {

struct NamedThing {
  enum class Kind { kTrial, kStage, kAttempt };
  Kind kind = Kind::kTrial;
  std::string name;  // the whole id
};

// Throws kUsage unless `prefix` can be the beginning of an id and is long enough to name one.
void RequireIdPrefix(const std::string& prefix);

// Throws kUsage when nothing, or more than one thing, begins with `prefix`.
NamedThing FindByPrefix(const ResultsReader& reader, const std::string& prefix);

// The whole id of the one trial that begins with `prefix`. Throws kUsage likewise.
std::string FindTrial(const ResultsReader& reader, const std::string& prefix);

}  // namespace zerosweep
