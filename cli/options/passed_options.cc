#include "cli/options/passed_options.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"

namespace zerosweep {

CLI::Option* PassedOptions::AddPath(CLI::Option* option) {
  paths_.insert(option);
  return Add(option);
}

void PassedOptions::AppendTo(std::vector<std::string>& words) const {
  for (const CLI::Option* option : options_) {
    for (const std::string& value : option->results()) {
      if (value.empty()) continue;  // as if not given
      const std::string shown =
          paths_.contains(option)
              ? std::filesystem::absolute(WithHomeFolder(value)).lexically_normal().string()
              : value;
      words.push_back(fmt::format("--{}={}", option->get_lnames().front(), shown));
    }
  }
}

}  // namespace zerosweep
