// What CLI11 knows about an option, for pages and shells.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace zerosweep {

// The name of its values, as "FOLDER", without its checks; empty for a flag.
std::string ValueName(const CLI::Option& option);

// The values that it accepts, if they are a fixed list.
std::vector<std::string> FixedValues(const CLI::Option& option);

// "-n" and "--slots"; a flag that is on by default has its negation here, as "--no-color".
std::vector<std::string> OptionNames(const CLI::Option& option);

// Those that `--help` shows.
std::vector<const CLI::Option*> ShownOptions(const CLI::App& app);
std::vector<const CLI::Option*> ShownPositionals(const CLI::App& app);
std::vector<const CLI::App*> ShownCommands(const CLI::App& root);

}  // namespace zerosweep
