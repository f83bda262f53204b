// Runs a program to its end within a time limit and returns its output.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace zerosweep {

struct ProgramResult {
  bool timed_out = false;  // it was killed at the limit
  bool stopped = false;    // it was killed on request
  int code = -1;           // 128 + n when signal n ended it; -1 when it was killed here
  std::string out, err;    // at most 4 MiB each; the rest is dropped
};

// Runs `words`: a program, looked up in PATH unless it has a slash, and its arguments. Uses no
// shell, gives no input, and passes `environment` as the whole environment. At the limit, when
// `stop` asks for it, and when this process ends, the program's process group is killed. Throws
// kCluster when the program cannot be started. Blocks; may be called from any thread.
ProgramResult RunProgram(const std::vector<std::string>& words,
                         const std::map<std::string, std::string>& environment, double seconds,
                         const std::stop_token& stop = {});

}  // namespace zerosweep
