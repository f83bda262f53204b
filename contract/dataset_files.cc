#include "contract/dataset_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "contract/image_list.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string>& NamesOf(const std::string& split, const Declaration& dataset) {
  const auto& files = dataset.dataset().files;
  const auto found = files.find(split);
  if (found != files.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, names] : files) known.push_back(name);
  Fail(ErrorKind::kUsage, "dataset '{}': unknown split '{}'{}", dataset.name, split,
       Suggestion(split, known));
}

SplitFiles FindAll(const std::vector<fs::path>& folders, const std::vector<std::string>& names) {
  SplitFiles found;
  for (const fs::path& folder : folders) {
    std::vector<fs::path> files;
    for (const std::string& name : names) files.push_back(folder / name);
    const auto absent = std::find_if_not(files.begin(), files.end(), IsFile);
    if (absent == files.end()) return {files, {}};
    if (found.missing.empty()) found.missing = *absent;
  }
  return found;
}

}  // namespace

std::vector<fs::path> FoldersUnder(const fs::path& root, const DatasetFacts& facts) {
  std::vector<fs::path> folders = {root};
  for (const std::string& inside : facts.alternative_folders)
    folders.push_back((root / inside).lexically_normal());
  return folders;
}

std::set<std::string> SplitsIn(const fs::path& folder, const DatasetFacts& facts) {
  if (facts.is_listed()) return ListedSplits(folder, facts);
  std::set<std::string> splits;
  for (const auto& [split, names] : facts.folders)
    if (SplitFolder(folder, facts, split)) splits.insert(split);
  for (const auto& [split, names] : facts.files)
    if (!FindAll({folder}, names).files.empty()) splits.insert(split);
  return splits;
}

bool HasSplit(const std::set<std::string>& splits, const std::string& split,
              const DatasetFacts& facts) {
  const auto other = facts.fallback.find(split);
  return splits.contains(split) ||
         (other != facts.fallback.end() && splits.contains(other->second));
}

SplitFiles FindSplit(const std::vector<fs::path>& folders, const std::string& split,
                     const Declaration& dataset) {
  const DatasetFacts& facts = dataset.dataset();
  const auto other = facts.fallback.find(split);
  if (other == facts.fallback.end()) return FindAll(folders, NamesOf(split, dataset));
  if (facts.files.contains(split)) {
    SplitFiles found = FindAll(folders, NamesOf(split, dataset));
    if (!found.files.empty()) return found;
  }
  return FindAll(folders, NamesOf(other->second, dataset));
}

ImageFolder ListImageFiles(const fs::path& root, const DatasetFacts& facts,
                           const std::string& split) {
  return facts.is_listed() ? ListImages(root, facts, split) : ListSplit(root, facts, split);
}

std::string FilesFingerprint(const std::vector<fs::path>& files,
                             const std::function<std::string(const fs::path&)>& sha256_of) {
  Json content = Json::object();
  for (const fs::path& file : files) content[file.filename()] = sha256_of(file);
  return JsonDigest(content);
}

std::string HowToGet(const DatasetFacts& facts) {
  return (facts.debian_package.empty()
              ? ""
              : fmt::format("install Debian's {}, or ", facts.debian_package)) +
         "give its folder with data: or $ZEROSWEEP_DATA";
}

}  // namespace zerosweep
