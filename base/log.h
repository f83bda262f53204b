// The log: spdlog to stderr; stdout is for results alone.
#pragma once

#include <spdlog/spdlog.h>

namespace zerosweep {

enum class Verbosity { kQuiet, kNormal, kVerbose };

// Sets the default logger up: "zerosweep: message" lines on stderr, colour only on a terminal and
// without NO_COLOR.
void SetUpLog(Verbosity verbosity, bool color);

}  // namespace zerosweep
