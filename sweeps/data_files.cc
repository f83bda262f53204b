#include "sweeps/data_files.h"

#include "base/text.h"
#include "contract/image_folder.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

bool IsFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::vector<fs::path> CandidateFolders(const Json& facts, const DataRoots& roots) {
  std::vector<fs::path> folders;
  for (const fs::path& root : roots) {
    folders.push_back(root);
    for (const Json& inside : facts.value("alternative_folders", Json::array())) {
      folders.push_back((root / inside.get<std::string>()).lexically_normal());
    }
  }
  const std::string usual = facts.value("default_folder", "");
  if (!usual.empty()) folders.emplace_back(usual);
  return folders;
}

// The first of a split's files that the folder lacks; empty when it has all.
std::string FirstMissing(const Json& files, const fs::path& folder) {
  for (const Json& file : files) {
    if (!IsFile(folder / file.get<std::string>())) return file;
  }
  return "";
}

bool LiesInClassFolders(const Json& facts) { return facts.contains("folders"); }

// The splits of a dataset that a folder holds.
std::set<std::string> SplitsIn(const fs::path& folder, const Json& facts) {
  std::set<std::string> splits;
  if (LiesInClassFolders(facts)) {
    for (const auto& [split, names] : facts.at("folders").items()) {
      if (SplitFolder(folder, facts, split)) splits.insert(split);
    }
    return splits;
  }
  for (const auto& [split, files] : facts.at("files").items()) {
    if (!files.empty() && FirstMissing(files, folder).empty()) splits.insert(split);
  }
  return splits;
}

[[noreturn]] void FailMissing(const Json& declaration, const std::vector<fs::path>& folders,
                              const std::string& where) {
  const Json& facts = declaration.at("facts");
  std::vector<std::string> tried;
  for (const fs::path& folder : folders) tried.push_back(folder.string());
  const std::string package = facts.value("debian_package", "");
  const std::string files =
      LiesInClassFolders(facts)
          ? "images " + facts.at("layout").get<std::string>()
          : "files " + Join(facts.at("files").at("test").get<std::vector<std::string>>(), ", ");
  std::string advice = package.empty() ? "" : fmt::format("install Debian's {}, or ", package);
  advice += "give its folder with data: or $ZEROSWEEP_DATA";
  for (const fs::path& folder : folders) {
    const std::string misplaced = LiesInClassFolders(facts) ? MisplacedClasses(folder, facts) : "";
    if (!misplaced.empty()) advice = misplaced;
  }
  FailAt(where, "dataset {}: no folder holds its test {} (looked in: {}); {}",
         declaration.at("name").get<std::string>(), files,
         tried.empty() ? "no folder was given" : Join(tried, ", "), advice);
}

}  // namespace

std::optional<DatasetPlace> LocateDataset(const Json& declaration, const DataRoots& roots) {
  const Json& facts = declaration.at("facts");
  for (const fs::path& folder : CandidateFolders(facts, roots)) {
    DatasetPlace place{folder, SplitsIn(folder, facts)};
    if (place.splits.contains("test")) return place;
  }
  return std::nullopt;
}

std::vector<fs::path> SplitFiles(const Json& declaration, const DatasetPlace& place,
                                 const std::string& split) {
  const Json& facts = declaration.at("facts");
  const std::string present =
      place.splits.contains(split) ? split : facts.at("fallback").at(split).get<std::string>();
  std::vector<fs::path> files;
  for (const Json& file : facts.at("files").at(present)) {
    files.push_back(place.folder / file.get<std::string>());
  }
  return files;
}

std::string SplitFingerprint(const Json& declaration, const DatasetPlace& place,
                             const std::string& split, DigestCache& digests, std::string* warning) {
  const Json& facts = declaration.at("facts");
  if (LiesInClassFolders(facts)) {
    const ImageFolder folder = ListSplit(place.folder, facts, split);
    if (warning != nullptr) *warning = PassedOverWarning(folder);
    return digests.FingerprintOf(folder, split);
  }
  const std::vector<fs::path> files = SplitFiles(declaration, place, split);
  digests.Prepare(files);
  Json content = Json::object();
  for (const fs::path& file : files) content[file.filename()] = digests.Sha256Of(file);
  return JsonDigest(content);
}

DatasetFiles FindDataset(const Json& declaration, const DataRoots& roots, const std::string& where,
                         DigestCache& digests, bool calibration_too) {
  const Json& facts = declaration.at("facts");
  const auto place = LocateDataset(declaration, roots);
  if (!place) FailMissing(declaration, CandidateFolders(facts, roots), where);
  DatasetFiles found{*place, declaration.at("name"), "", facts.at("classes"), ""};
  if (!LiesInClassFolders(facts)) {
    const bool real = place->splits.contains("calibration") || place->splits.contains("train");
    if (calibration_too && real) digests.Prepare(SplitFiles(declaration, *place, "calibration"));
    found.test_fingerprint = SplitFingerprint(declaration, *place, "test", digests);
    return found;
  }
  try {
    const ImageFolder test = ListSplit(place->folder, facts, "test");
    found.classes = static_cast<int64_t>(test.classes.size());
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
  // What is there under the very name comes first: `$x.pth` may be one.
  const fs::path written = RequireWord(node, label);
  for (const fs::path& place : places) {
    const fs::path path = (place / written).lexically_normal();
    if (IsFile(path)) return path;
  }
  const fs::path file = RequirePath(node, label);
  std::vector<std::string> tried;
  for (const fs::path& place : places) {
    const fs::path path = (place / file).lexically_normal();  // an absolute file stays as it is
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
