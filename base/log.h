// The log: spdlog to stderr; stdout is for results alone.
#pragma once

#include <spdlog/spdlog.h>

namespace zerosweep {

enum class Verbosity { kQuiet, kNormal, kVerbose };

// Sets the default logger up: "zerosweep: message" lines on stderr, colour where base/terminal.h
// allows it.
void SetUpLog(Verbosity verbosity, bool color);

}  // namespace zerosweep
