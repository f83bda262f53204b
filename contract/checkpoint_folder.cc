#include "contract/checkpoint_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "base/error.h"
#include "contract/artifact.h"

namespace zerosweep {
namespace fs = std::filesystem;

std::string CheckpointName::Text() const { return fmt::format("{}-{}", attempt, step); }

std::optional<CheckpointName> ParseCheckpointName(const std::string& name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0 || name.front() == '.') return std::nullopt;
  CheckpointName parsed{name.substr(0, dash)};
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + dash + 1, end, parsed.step);
  // Accept only the canonical text: no "007", no "7x".
  if (error != std::errc() || stop != end || parsed.Text() != name) return std::nullopt;
  return parsed;
}

std::vector<fs::path> CheckpointsIn(const fs::path& stage_folder) {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(stage_folder, code)) {
    const auto name = ParseCheckpointName(entry.path().filename());
    if (name && entry.is_directory(code)) found.emplace_back(name->step, entry.path());
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  std::vector<fs::path> folders;
  for (auto& [step, path] : found) folders.push_back(std::move(path));
  return folders;
}

std::string CheckpointDefect(const fs::path& folder, const std::string& stage) {
  try {
    const auto name = ParseCheckpointName(folder.filename());
    if (!name) return "its name is not that of a checkpoint";
    const Manifest manifest = ReadManifest(folder);
    if (manifest.stage != stage || manifest.attempt != name->attempt)
      return "its manifest is of another stage or attempt";
    for (const char* file : {kCheckpointStateFile, kCheckpointTensorsFile})
      if (!manifest.files.contains(file)) return fmt::format("its manifest names no '{}'", file);
    const std::vector<std::string> corrupt = CorruptFiles(folder, manifest);
    return corrupt.empty() ? "" : fmt::format("'{}' is missing or damaged", corrupt.front());
  } catch (const Error& error) {
    return error.what();
  }
}

void RemoveCheckpoint(const fs::path& folder) {
  const fs::path aside =
      folder.parent_path() / (kUnfinishedCheckpoint + folder.filename().string());
  std::error_code code;
  fs::rename(folder, aside, code);
  fs::remove_all(code ? folder : aside, code);
}

}  // namespace zerosweep
