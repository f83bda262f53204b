// The log: spdlog to stderr; stdout is only for results.
#pragma once

#include <spdlog/spdlog.h>

namespace zerosweep {

enum class Verbosity { kQuiet, kNormal, kVerbose };

// Sets up the default logger: "zerosweep: message" lines on stderr, with colour where
// base/terminal.h allows it.
void SetUpLog(Verbosity verbosity, bool color);

}  // namespace zerosweep
