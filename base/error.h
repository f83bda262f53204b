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

// The class of a failed attempt: how often and when it is tried again depends on it.
enum class Failure {
  kError,          // any other
  kCrash,          // its process ended
  kOutOfMemory,    // the process, or the machine, had none left
  kTimeout,        // silent for too long, or longer than allowed
  kNonFinite,      // NaN or infinity where a number must be
  kConfiguration,  // another attempt would end the same way
  kData,           // an input is gone or is not what it was
  kLostWorker,     // its worker disappeared: the outcome is unknown
  kInterrupted,    // asked to leave
  kCancelled,      // by a request
  kPublish,        // its artifact is not the one that it reported
  kDamaged         // of the database
};
// "error", "crash", "oom", "timeout", "non_finite", "configuration", "data", "lost_worker",
// "interrupted", "cancelled", "publish", "damaged": as stored in the database and sent in frames.
const char* ToString(Failure failure);
// The reverse. Throws kInternal for an unknown word.
Failure FailureFromString(const std::string& word);

// A message says who, what was wrong, the value seen and what to do, in one line.
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

// One trial fails, by this class of failure.
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
