// A program run to its end within a time limit, with what it printed.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace zerosweep {

struct ProgramResult {
  bool timed_out = false;  // it was killed at the limit
  int code = -1;           // 128 + n when signal n ended it; -1 when it timed out
  std::string out, err;    // at most 4 MiB each; the rest is dropped
};

// Runs `words` (a program, looked up in PATH unless it has a slash, and its arguments; no shell)
// with `environment` as its whole environment and no input. At the limit its process group is
// killed, and so it is when this process ends. Throws kCluster when it cannot be started. Any
// thread; blocks.
ProgramResult RunProgram(const std::vector<std::string>& words,
                         const std::map<std::string, std::string>& environment, double seconds);

}  // namespace zerosweep
