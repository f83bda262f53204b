// The arguments of every command that reads a sweep file (`run`, `plan`, …).
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/options/passed_options.h"
#include "cluster/coordinator/progress_display.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct SweepArguments {
  std::string file;
  std::vector<std::string> overrides;
  std::string data;
  int threads = 0;
  bool show_warnings = true;  // log the plan's warnings
  bool check = true;          // check what the sweep reads (input_checks.h)
  PassedOptions passed = {};  // --set, --data, --threads
};

// Each adds options whose values go to `arguments`; both outlive the parse.
// SWEEP, --set, --data and --threads.
void AddSweepArguments(CLI::App& app, SweepArguments& arguments);
// --data and --threads.
void AddPlaceArguments(CLI::App& app, SweepArguments& arguments);
// --no-check.
void AddCheckArgument(CLI::App& app, SweepArguments& arguments);

// Throws kUsage for a sweep from standard input or a pipe, which `who` ("the ranks of a run") could
// not read again.
void RequireKeptSweep(const SweepArguments& arguments, const std::string& who);

// --data, --threads and what this program knows itself. The progress of a large folder's
// fingerprint appears on `display`, which outlives the result.
PlanOptions PlanOptionsOf(const SweepArguments& arguments, const Globals& globals,
                          ProgressDisplay& display);

// Expands the sweep file, or `root` as a sweep without a file (plan.h), with the compiled catalogue
// and logs the plan's warnings. Throws kUsage.
Plan ExpandArguments(const SweepArguments& arguments, const Globals& globals,
                     std::optional<YamlNode> root = {});

}  // namespace zerosweep
