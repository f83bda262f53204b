#include "base/error.h"

#include <array>

namespace zerosweep {
namespace {
constexpr std::array<const char*, 5> kWords = {"usage", "trial", "storage", "cluster", "internal"};
}

const char* ToString(ErrorKind kind) { return kWords.at(static_cast<size_t>(kind)); }

ErrorKind ErrorKindFromString(const std::string& word) {
  for (size_t i = 0; i < kWords.size(); ++i) {
    if (word == kWords[i]) return static_cast<ErrorKind>(i);
  }
  Fail(ErrorKind::kInternal, "unknown error kind '{}'", word);
}

int ExitCodeFor(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return kExitUsage;
    case ErrorKind::kTrial:
      return kExitSomeFailed;
    case ErrorKind::kStorage:
    case ErrorKind::kCluster:
      return kExitInfrastructure;
    case ErrorKind::kInternal:
      return kExitInternal;
  }
  return kExitInternal;
}

}  // namespace zerosweep
