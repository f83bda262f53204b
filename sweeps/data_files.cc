#include "sweeps/data_files.h"

#include "base/text.h"

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

[[noreturn]] void FailMissing(const Json& declaration, const std::vector<fs::path>& folders,
                              const std::string& where) {
  const Json& facts = declaration.at("facts");
  std::vector<std::string> tried;
  for (const fs::path& folder : folders) tried.push_back(folder.string());
  const std::string package = facts.value("debian_package", "");
  FailAt(where,
         "dataset {}: no folder holds its test files {} (looked in: {}); {}give its folder "
         "with data: or $ZEROSWEEP_DATA",
         declaration.at("name").get<std::string>(),
         Join(facts.at("files").at("test").get<std::vector<std::string>>(), ", "),
         tried.empty() ? "no folder was given" : Join(tried, ", "),
         package.empty() ? "" : fmt::format("install Debian's {}, or ", package));
}

}  // namespace

std::optional<DatasetPlace> LocateDataset(const Json& declaration, const DataRoots& roots) {
  const Json& facts = declaration.at("facts");
  for (const fs::path& folder : CandidateFolders(facts, roots)) {
    if (!FirstMissing(facts.at("files").at("test"), folder).empty()) continue;
    DatasetPlace place{folder, {}};
    for (const auto& [split, files] : facts.at("files").items()) {
      if (!files.empty() && FirstMissing(files, folder).empty()) place.splits.insert(split);
    }
    return place;
  }
  return std::nullopt;
}

std::string SplitFingerprint(const Json& declaration, const DatasetPlace& place,
                             const std::string& split, DigestCache& digests) {
  const Json& facts = declaration.at("facts");
  const std::string present =
      place.splits.contains(split) ? split : facts.at("fallback").at(split).get<std::string>();
  Json content = Json::object();
  for (const Json& file : facts.at("files").at(present)) {
    const std::string name = file;
    content[name] = digests.Sha256Of(place.folder / name);
  }
  return JsonDigest(content);
}

DatasetFiles FindDataset(const Json& declaration, const DataRoots& roots, const std::string& where,
                         DigestCache& digests) {
  const auto place = LocateDataset(declaration, roots);
  if (!place) FailMissing(declaration, CandidateFolders(declaration.at("facts"), roots), where);
  return {*place, declaration.at("name"), SplitFingerprint(declaration, *place, "test", digests)};
}

fs::path FindFile(const YamlNode& node, const std::string& label, const DataRoots& roots,
                  const fs::path& sweep_folder) {
  const fs::path file = RequireWord(node, label);
  std::vector<fs::path> places = roots;
  places.push_back(sweep_folder);
  std::vector<std::string> tried;
  for (const fs::path& place : places) {
    const fs::path path = (place / file).lexically_normal();  // an absolute file stays as it is
    if (IsFile(path)) return path;
    if (tried.empty() || tried.back() != path.string()) tried.push_back(path.string());
  }
  FailAt(node.where, "{} not found: there is no {}", label, Join(tried, " nor "));
}

}  // namespace zerosweep
