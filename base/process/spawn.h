// The only way in which this project starts programs: no shell, nothing inherited by accident.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zerosweep {

struct SpawnOptions {
  std::vector<std::string> words;  // first the program (looked up in PATH unless it has a slash)
  std::optional<std::map<std::string, std::string>> environment;  // the whole one; absent: ours
  // Our descriptors → the child's. Standard input is /dev/null unless listed; standard output and
  // error are ours unless listed. All our other descriptors must be O_CLOEXEC.
  std::vector<std::pair<int, int>> descriptors;
  bool own_group = true;         // it leads a process group, which can be ended as a whole
  int death_signal = SIGKILL;    // what it receives when the spawning thread ends
  std::optional<int> oom_score;  // /proc/self/oom_score_adj: the kernel ends the highest first
};

// Returns the child's process id; the caller waits for the child. In the child, signals have their
// default actions and none is blocked; only SIGHUP stays ignored if it is here (nohup applies to
// the whole run). Throws kCluster when the program cannot be started.
pid_t Spawn(const SpawnOptions& options);

// This process's environment.
std::map<std::string, std::string> OwnEnvironment();
// One variable of it; "" when it is not set.
std::string OwnVariable(const char* name);

}  // namespace zerosweep
