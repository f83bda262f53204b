// The options that one command line passes on to another.
#pragma once

#include <CLI/CLI.hpp>
#include <set>
#include <string>
#include <vector>

namespace zerosweep {

// Options that one program passes on to another that runs the same sweep: a launcher to its ranks,
// `submit` to its job. Every option added through this class is passed on if it was given.
class PassedOptions {
 public:
  CLI::Option* Add(CLI::Option* option) { return options_.emplace_back(option); }
  // Adds a path, which is passed on as an absolute path.
  CLI::Option* AddPath(CLI::Option* option);
  // Appends the options that were given with a value, as "--name=value".
  void AppendTo(std::vector<std::string>& words) const;

 private:
  std::vector<CLI::Option*> options_;
  std::set<const CLI::Option*> paths_;
};

}  // namespace zerosweep
