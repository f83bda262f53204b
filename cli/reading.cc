#include "cli/reading.h"

#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "sweeps/yaml_tree.h"

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
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    Fail(ErrorKind::kUsage, "there is no sweep file {}; a sweep's name goes without .yaml", word);
  const YamlNode root = ParseYaml(ReadFile(path), word);
  const YamlNode* name = root.is_map() ? root.Find("name") : nullptr;
  return name != nullptr ? RequireWord(*name, "name") : path.stem().string();
}

}  // namespace zerosweep
