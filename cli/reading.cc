#include "cli/reading.h"

#include <cctype>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "sweeps/grammar/yaml_tree.h"

namespace zerosweep {
namespace {

constexpr size_t kShortestId = 6;

bool HasSweepEnding(const std::filesystem::path& path) {
  const std::string ending = LowerCase(path.extension().string());
  return ending == ".yaml" || ending == ".yml";
}

std::string NameIn(const std::filesystem::path& file) {
  const YamlNode root = ParseYaml(ReadFile(file), file.string());
  const YamlNode* name = root.is_map() ? root.Find("name") : nullptr;
  return name != nullptr ? RequireWord(*name, "name") : file.stem().string();
}

}  // namespace

ResultsReader OpenResults(const Globals& globals) {
  ResultsReader reader(globals.home());
  if (const auto age = reader.SnapshotAge()) {
    spdlog::info("network file system: these results are {} old", HumanSeconds(*age));
  }
  return reader;
}

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

void RequireIdPrefix(const std::string& prefix) {
  if (prefix.size() < kShortestId || prefix.find_first_not_of("0123456789abcdef-") != prefix.npos)
    Fail(ErrorKind::kUsage, "'{}' is not an id: give at least its first {} characters", prefix,
         kShortestId);
}

NamedThing FindByPrefix(const ResultsReader& reader, const std::string& prefix) {
  RequireIdPrefix(prefix);
  const Table found = reader.Query(
      "SELECT DISTINCT 0, trial FROM v_trial WHERE substr(trial, 1, length(?1)) = ?1 "
      "UNION SELECT 1, stage FROM v_stage WHERE substr(stage, 1, length(?1)) = ?1 "
      "UNION SELECT 2, attempt FROM v_attempt WHERE substr(attempt, 1, length(?1)) = ?1 LIMIT 3",
      {prefix});
  if (found.rows.empty())
    Fail(ErrorKind::kUsage,
         "no trial, stage or attempt begins with '{}'; `zerosweep query 'SELECT stage FROM "
         "v_stage'` lists ids",
         prefix);
  if (found.rows.size() > 1)
    Fail(ErrorKind::kUsage, "several ids begin with '{}'; give more characters", prefix);
  return {static_cast<NamedThing::Kind>(found.rows[0][0].get<int>()),
          found.rows[0][1].get<std::string>()};
}

std::string FindTrial(const ResultsReader& reader, const std::string& prefix) {
  RequireIdPrefix(prefix);
  const Table found = reader.Query("SELECT name FROM trial WHERE substr(name, 1, ?1) = ?2 LIMIT 2",
                                   {prefix.size(), prefix});
  if (found.rows.size() != 1) {
    Fail(ErrorKind::kUsage,
         "{} begins '{}': `zerosweep query 'SELECT trial, method, seed, state "
         "FROM v_trial'` lists them",
         found.rows.empty() ? "no trial" : "more than one trial", prefix);
  }
  return found.rows[0][0];
}

}  // namespace zerosweep
