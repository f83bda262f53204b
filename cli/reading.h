// The first steps of every reading command: opening the home, and finding what a word on the
// command line names.
#pragma once

#include "cli/command.h"
#include "storage/results/results.h"

namespace zerosweep {

// Opens the home for reading. If it reads a snapshot, logs the snapshot's age.
ResultsReader OpenResults(const Globals& globals);

// The sweep that a word on the command line names. If the word is an existing file, whatever its
// ending, the sweep is the file's `name:` or, without one, its stem; otherwise the word is the name
// itself ("my.yaml" may be one). Empty stays empty. Throws kUsage for a path without a file.
std::string SweepName(const std::string& word);

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
