#include "base/error.h"

#include "base/enum_words.h"

namespace zerosweep {
namespace {

constexpr std::array kKinds = {"usage", "trial", "storage", "cluster", "internal"};
constexpr std::array kExitCodes = {kExitUsage, kExitSomeFailed, kExitInfrastructure,
                                   kExitInfrastructure, kExitInternal};
constexpr std::array kFailures = {"error",       "crash",         "oom",     "timeout",
                                  "non_finite",  "configuration", "data",    "lost_worker",
                                  "interrupted", "cancelled",     "publish", "damaged"};

template <typename Enum, size_t kCount>
Enum FromString(const std::array<const char*, kCount>& words, const std::string& word,
                const char* what) {
  if (const auto value = EnumOf<Enum>(words, word)) return *value;
  Fail(ErrorKind::kInternal, "unknown {} '{}'", what, word);
}

}  // namespace

const char* ToString(ErrorKind kind) { return kKinds.at(static_cast<size_t>(kind)); }

ErrorKind ErrorKindFromString(const std::string& word) {
  return FromString<ErrorKind>(kKinds, word, "error kind");
}

const char* ToString(Failure failure) { return kFailures.at(static_cast<size_t>(failure)); }

Failure FailureFromString(const std::string& word) {
  return FromString<Failure>(kFailures, word, "failure");
}

int ExitCodeFor(ErrorKind kind) { return kExitCodes.at(static_cast<size_t>(kind)); }

}  // namespace zerosweep
