// The manual page, zerosweep(1), in the language of troff's man macros.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace zerosweep {

std::string ManualPage(const CLI::App& root, const std::string& version);

}  // namespace zerosweep
