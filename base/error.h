// The one exception type of Zerosweep. Throw it when the operation cannot continue; an expected
// outcome is a return value.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace zerosweep {

enum class ErrorKind {
  kUsage,    // the caller's input is wrong: exit 2, before any work
  kTrial,    // one trial fails, the sweep continues
  kStorage,  // database, disk, artifact store: exit 4
  kCluster,  // MPI, Slurm, processes: exit 4
  kInternal  // a bug: exit 70
};

// "usage", "trial", "storage", "cluster", "internal": as stored in the database and sent in frames.
const char* ToString(ErrorKind kind);
// The reverse. Throws kInternal for an unknown word.
ErrorKind ErrorKindFromString(const std::string& word);

// The class of a failed attempt, which determines how often and when it is tried again.
enum class Failure {
  kError,          // any other error
  kCrash,          // its process ended
  kOutOfMemory,    // the process or the machine ran out of memory
  kTimeout,        // silent for too long, or past its time limit
  kNonFinite,      // NaN or infinity where a number must be
  kConfiguration,  // another attempt would end the same way
  kData,           // an input is missing or has changed
  kLostWorker,     // its worker disappeared; the outcome is unknown
  kInterrupted,    // asked to exit
  kCancelled,      // by a request
  kPublish,        // its artifact is not the one that it reported
  kDamaged         // the database is damaged
};
// "error", "crash", "oom", "timeout", "non_finite", "configuration", "data", "lost_worker",
// "interrupted", "cancelled", "publish", "damaged": as stored in the database and sent in frames.
const char* ToString(Failure failure);
// The reverse. Throws kInternal for an unknown word.
Failure FailureFromString(const std::string& word);

// A message says in one line who failed, what was wrong, the value seen and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, Failure failure = Failure::kError)
      : std::runtime_error(message), kind_(kind), failure_(failure) {}
  ErrorKind kind() const { return kind_; }
  Failure failure() const { return failure_; }

 private:
  ErrorKind kind_;
  Failure failure_;
};

template <typename... Args>
[[noreturn]] void Fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

// Fails one trial with this class of failure.
template <typename... Args>
[[noreturn]] void FailTrial(Failure failure, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorKind::kTrial, fmt::format(format, std::forward<Args>(args)...), failure);
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
