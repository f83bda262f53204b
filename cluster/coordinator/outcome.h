// How a run ended: `run/<id>/outcome.json`, which rank 0 writes last. The launcher relies on it,
// whatever mpirun returns.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "storage/home/home.h"

namespace zerosweep {

struct TrialCounts {
  int done = 0, failed = 0, cancelled = 0, open = 0;
};

struct Outcome : TrialCounts {
  int exit_code = 0;
  int stages_run = 0;       // in this run
  int attempts_failed = 0;  // in this run
  double seconds = 0;
  std::string message;  // why the run could not go on (exit codes 4 and 70)
};

void WriteOutcome(const Home& home, const std::string& run, const Outcome& outcome);
// Writes the outcome of a run that could not go on. Returns false when it cannot be written.
bool WriteFailure(const Home& home, const std::string& run, const std::exception& error);
// nullopt when there is none yet. Throws kCluster when it is malformed.
std::optional<Outcome> ReadOutcome(const Home& home, const std::string& run);

}  // namespace zerosweep
