#include "cli/reading.h"

#include <cctype>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "sweeps/grammar/yaml_tree.h"

namespace zerosweep {

ResultsReader OpenResults(const Globals& globals) {
  ResultsReader reader(globals.home());
  if (const auto age = reader.SnapshotAge()) {
    spdlog::info("network file system: these results are {} old", HumanSeconds(*age));
  }
  return reader;
}

namespace {

bool HasSweepEnding(const std::filesystem::path& path) {
  std::string ending = path.extension();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending == ".yaml" || ending == ".yml";
}

std::string NameIn(const std::filesystem::path& file) {
  const YamlNode root = ParseYaml(ReadFile(file), file.string());
  const YamlNode* name = root.is_map() ? root.Find("name") : nullptr;
  return name != nullptr ? RequireWord(*name, "name") : file.stem().string();
}

}  // namespace

std::string SweepName(const std::string& word) {
  const std::filesystem::path path(word);
  if (!IsFile(path)) {
    if (path.has_parent_path()) Fail(ErrorKind::kUsage, "there is no sweep file {}", word);
    return word;
  }
  if (HasSweepEnding(path) || path.has_parent_path()) return NameIn(path);
  try {
    return NameIn(path);
  } catch (const Error&) {
    return word;  // a file of another kind that has the sweep's name
  }
}

}  // namespace zerosweep
