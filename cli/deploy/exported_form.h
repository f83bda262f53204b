// The exported form of a trial's network (docs/protocol.md), evaluated as a trial of its own.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/options/run_options.h"
#include "cli/options/sweep_arguments.h"
#include "storage/results/recorded_trial.h"

namespace zerosweep {

struct FormScores {
  std::string score;                     // what ranks both, of kScores
  double exported = 0;                   // its value
  std::optional<double> paper;           // in the papers' form; absent: it was not evaluated there
  std::optional<double> full_precision;  // top-1 of the teacher, for "top1"
  std::optional<double> same;            // images with the same class in both forms, in percent

  // By how much the exported form is below full precision, in points; cosine times 100.
  double Drop() const;
};

// Evaluates what the home does not have yet, with progress, under the sweep export_<trial>. Throws
// kStorage when the test images are not there, Failure::kInterrupted after a signal, and what the
// evaluation fails with.
FormScores EvaluateExported(const RecordedTrial& recorded, const SweepArguments& places,
                            const RunOptions& run, const Globals& globals);

// "top-1 88.10 % (form paper 88.21 %, full precision 89.05 %; the same class on 99.31 % of the
// images)"
std::string Sentence(const FormScores& scores);
// "top-1 89.05 → 88.10 %", "agreement with full precision 96.40 %"
std::string Phrase(const FormScores& scores);

}  // namespace zerosweep
