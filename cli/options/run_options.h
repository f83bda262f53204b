// How to run a plan on this machine: options that `run`, `quantize` and `replay` share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/command.h"
#include "cli/options/passed_options.h"
#include "cluster/run/session.h"

namespace zerosweep {

struct RunOptions {
  int slots = 0;        // 0: one per GPU, or without GPUs one per `threads` cores
  bool spread = false;  // spread the slots over the ranks of this host
  std::string interface;
  double grace = 30;
  int max_attempts = 3;
  std::string device;  // "", "cpu" or "cuda"
  bool exit_zero = false;
  bool break_lock = false;
  // Values that a launcher passes to its ranks.
  std::string id;              // of the run; empty: a new one
  int columns = 0, rows = 24;  // of the terminal behind mpirun; 0: none
  PassedOptions passed = {};   // options that the functions below added
};

// Each adds options whose values go to `options`; both outlive the parse.
// --slots, --max-attempts, --device.
void AddStageOptions(CLI::App& app, RunOptions& options);
// --interface.
void AddInterfaceOption(CLI::App& app, RunOptions& options);
// Those of AddStageOptions, --grace, --exit-zero and --break-lock.
void AddRunOptions(CLI::App& app, RunOptions& options);

// Options of this program's workers. The logs go to `home`.
SupervisorOptions MakeSupervisorOptions(const Home& home);
// `device` is as for FindDevices, which it calls.
WorkerOptions MakeWorkerOptions(const Home& home, const std::string& device);

SessionOptions MakeSession(const RunOptions& options, const Globals& globals, const Home& home,
                           const Plan& plan);

// Warns when this run computes on this host although the surrounding allocation has other nodes.
void WarnIfElsewhere();

// Logs one line about how the run of a plan ended.
void ReportOutcome(const Outcome& outcome, const Plan& plan);
int ExitCodeOf(int code, const RunOptions& options);

}  // namespace zerosweep
