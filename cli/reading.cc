#include "cli/reading.h"

#include <filesystem>
#include <fstream>
#include <regex>

#include "base/log.h"
#include "base/text.h"

namespace zerosweep {

ResultsReader OpenResults(const Globals& globals) {
  ResultsReader reader(globals.home());
  if (const auto age = reader.SnapshotAge()) {
    spdlog::info("network file system: these are the results of {} ago", HumanSeconds(*age));
  }
  return reader;
}

std::string SweepName(const std::string& word) {
  const std::filesystem::path path(word);
  if (path.extension() != ".yaml" && path.extension() != ".yml") return word;
  static const std::regex kName(R"(^name:\s*["']?([^"'#\s]+).*$)");
  std::ifstream stream(path);
  std::smatch parts;
  for (std::string line; std::getline(stream, line);) {
    if (std::regex_match(line, parts, kName)) return parts[1];
  }
  return path.stem();
}

}  // namespace zerosweep
