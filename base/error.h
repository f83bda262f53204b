// The one exception type of Zerosweep. Throw when the operation ends; an expected outcome is a
// return value.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace zerosweep {

enum class ErrorKind {
  kUsage,    // the caller's words are wrong: exit 2, before any work
  kTrial,    // one trial fails, the sweep goes on
  kStorage,  // database, disk, artifact store: exit 4
  kCluster,  // MPI, Slurm, processes: exit 4
  kInternal  // a bug: exit 70
};

// "usage", "trial", "storage", "cluster", "internal": as stored in the database and sent in frames.
const char* ToString(ErrorKind kind);
// The reverse. Throws kInternal for an unknown word.
ErrorKind ErrorKindFromString(const std::string& word);

// A message says who, what was wrong, the value seen and what to do, in one line.
class Error : public std::runtime_error {
 public:
  // `failure` is the class of a failed attempt (StageFailed): "error", "oom", "non_finite",
  // "configuration", …
  Error(ErrorKind kind, const std::string& message, std::string failure = "error")
      : std::runtime_error(message), kind_(kind), failure_(std::move(failure)) {}
  ErrorKind kind() const { return kind_; }
  const std::string& failure() const { return failure_; }

 private:
  ErrorKind kind_;
  std::string failure_;
};

template <typename... Args>
[[noreturn]] void Fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

// Exit codes of the command line (docs/cli.md).
enum ExitCode : int {
  kExitOk = 0,
  kExitSomeFailed = 1,
  kExitUsage = 2,
  kExitNothingToDo = 3,
  kExitInfrastructure = 4,
  kExitInternal = 70,
  kExitInterrupted = 75,
};

int ExitCodeFor(ErrorKind kind);

}  // namespace zerosweep
