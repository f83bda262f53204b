#include "sweeps/values/data_files.h"

#include "base/files.h"
#include "base/text.h"
#include "contract/dataset_files.h"
#include "contract/image_list.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Images that the installation brings along (cmake/Install.cmake).
fs::path InstalledFolder(const Declaration& dataset) {
  return ProgramFolder().parent_path() / "share" / "zerosweep" / "datasets" / dataset.name;
}

std::vector<fs::path> CandidateFolders(const Declaration& dataset, const DataRoots& roots) {
  const DatasetFacts& facts = dataset.dataset();
  std::vector<fs::path> folders;
  for (const fs::path& root : roots) {
    const std::vector<fs::path> under = FoldersUnder(root, facts);
    folders.insert(folders.end(), under.begin(), under.end());
  }
  if (fs::is_directory(InstalledFolder(dataset))) folders.push_back(InstalledFolder(dataset));
  if (!facts.default_folder.empty()) folders.emplace_back(facts.default_folder);
  return folders;
}

[[noreturn]] void FailMissing(const Declaration& dataset, const std::vector<fs::path>& folders,
                              const std::string& where) {
  const DatasetFacts& facts = dataset.dataset();
  std::vector<std::string> tried;
  for (const fs::path& folder : folders) tried.push_back(folder.string());
  const std::string files = facts.in_image_files() ? "images " + facts.layout
                                                   : "files " + Join(facts.files.at("test"), ", ");
  std::string advice = HowToGet(facts);
  for (const fs::path& folder : folders) {
    const std::string misplaced = facts.in_class_folders() ? MisplacedClasses(folder, facts) : "";
    if (!misplaced.empty()) advice = misplaced;
  }
  FailAt(where, "dataset {}: no folder holds its test {} (looked in: {}); {}", dataset.name, files,
         tried.empty() ? "no folder was given" : Join(tried, ", "), advice);
}

}  // namespace

std::optional<DatasetPlace> LocateDataset(const Declaration& dataset, const DataRoots& roots) {
  const DatasetFacts& facts = dataset.dataset();
  for (const fs::path& folder : CandidateFolders(dataset, roots)) {
    DatasetPlace place{folder, SplitsIn(folder, facts)};
    if (place.splits.contains("test")) return place;
  }
  return std::nullopt;
}

std::string SplitFingerprint(const Declaration& dataset, const DatasetPlace& place,
                             const std::string& split, DigestCache& digests, std::string* warning,
                             int64_t classes) {
  if (dataset.dataset().in_image_files()) {
    const ImageFolder folder = ListImageFiles(place.folder, dataset.dataset(), split);
    if (classes > 0) RequireClassWithin(folder.highest_class, folder.highest_class_at, classes);
    if (warning != nullptr) *warning = PassedOverWarning(folder);
    return digests.FingerprintOf(folder, split);
  }
  const auto [files, missing] = FindSplit({place.folder}, split, dataset);
  if (files.empty())
    Fail(ErrorKind::kUsage, "dataset {}: {} is not there any more", dataset.name, missing.string());
  digests.Prepare(files);
  return FilesFingerprint(files, [&](const fs::path& file) { return digests.Sha256Of(file); });
}

DatasetFiles FindDataset(const Declaration& dataset, const DataRoots& roots,
                         const std::string& where, DigestCache& digests, bool calibration_too) {
  const DatasetFacts& facts = dataset.dataset();
  const auto place = LocateDataset(dataset, roots);
  if (!place) FailMissing(dataset, CandidateFolders(dataset, roots), where);
  DatasetFiles found{*place, dataset.name, "", facts.classes, ""};
  if (!facts.in_image_files()) {
    if (calibration_too && HasSplit(place->splits, "calibration", facts))
      digests.Prepare(FindSplit({place->folder}, "calibration", dataset).files);
    found.test_fingerprint = SplitFingerprint(dataset, *place, "test", digests);
    return found;
  }
  try {
    const ImageFolder test = ListImageFiles(place->folder, facts, "test");
    found.classes = static_cast<int64_t>(test.classes.size());
    found.labelled = test.is_labelled();
    found.highest_class = test.highest_class;
    found.highest_class_at = test.highest_class_at;
    found.test_fingerprint = digests.FingerprintOf(test, "test");
    found.warning = PassedOverWarning(test);
  } catch (const Error& error) {
    FailAt(where, "dataset {}: {}", found.name, error.what());
  }
  return found;
}

fs::path FindFile(const YamlNode& node, const std::string& label, const DataRoots& roots,
                  const fs::path& sweep_folder) {
  std::vector<fs::path> places = roots;
  places.push_back(sweep_folder);
  // A file with exactly this name comes first: `$x.pth` may be one.
  const fs::path written = RequireWord(node, label);
  for (const fs::path& place : places) {
    const fs::path path = (place / written).lexically_normal();
    if (IsFile(path)) return path;
  }
  const fs::path file = RequirePath(node, label);
  std::vector<std::string> tried;
  for (const fs::path& place : places) {
    const fs::path path = (place / file).lexically_normal();  // an absolute path stays as it is
    if (IsFile(path)) return path;
    std::error_code ignored;
    if (fs::exists(path, ignored)) FailAt(node.where, "{}: {} is not a file", label, path.string());
    if (tried.empty() || tried.back() != path.string()) tried.push_back(path.string());
  }
  FailAt(
      node.where,
      "{} not found: there is no {}; name its folder with --data, ZEROSWEEP_DATA or `data:` in the "
      "sweep",
      label, Join(tried, " nor "));
}

}  // namespace zerosweep
