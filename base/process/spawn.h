// The one way in which this project starts programs: no shell, nothing inherited by accident.
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
  std::vector<std::string> words;  // the program (looked up in PATH unless it has a slash) first
  std::optional<std::map<std::string, std::string>> environment;  // the whole; absent: ours
  // Ours → the child's. Input is /dev/null unless it is named; output and errors are ours unless
  // they are. All others of ours are expected to be O_CLOEXEC.
  std::vector<std::pair<int, int>> descriptors;
  bool own_group = true;         // it leads a process group, so that all of it can be ended
  int death_signal = SIGKILL;    // what it receives when the spawning thread ends
  std::optional<int> oom_score;  // /proc/self/oom_score_adj: the kernel ends the highest first
};

// Returns the child's id; whoever calls waits for it. Signals have their default meaning in the
// child and none is blocked; only SIGHUP stays ignored where it is (nohup means the whole run).
// Throws kCluster when the program cannot be started.
pid_t Spawn(const SpawnOptions& options);

// This process's environment.
std::map<std::string, std::string> OwnEnvironment();

}  // namespace zerosweep
