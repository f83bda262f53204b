// What a command line passes on to another.
#pragma once

#include <CLI/CLI.hpp>
#include <set>
#include <string>
#include <vector>

namespace zerosweep {

// Options that one program passes on to another that runs the same sweep: a launcher to its ranks,
// `submit` to its job. What is added through it is passed on wherever it was given.
class PassedOptions {
 public:
  CLI::Option* Add(CLI::Option* option) { return options_.emplace_back(option); }
  // A path, passed on as an absolute one.
  CLI::Option* AddPath(CLI::Option* option);
  // Appends those that were given with a value, as "--name=value".
  void AppendTo(std::vector<std::string>& words) const;

 private:
  std::vector<CLI::Option*> options_;
  std::set<const CLI::Option*> paths_;
};

}  // namespace zerosweep
