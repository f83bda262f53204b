#include "engine/data/dataset.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

namespace fs = std::filesystem;

struct Entry {
  Json facts;
  DatasetReader reader;
};

std::map<std::string, Entry>& Entries() {
  static std::map<std::string, Entry> entries;
  return entries;
}

const Entry& EntryOf(const std::string& name) {
  const auto found = Entries().find(name);
  if (found == Entries().end()) {
    Fail(ErrorKind::kUsage, "unknown dataset '{}'{}", name, Suggestion(name, DatasetNames()));
  }
  return found->second;
}

std::string WhatToDo(const Json& facts) {
  const std::string package = facts.value("debian_package", "");
  if (package.empty()) return "set 'data' to the folder that holds its files";
  return fmt::format(
      "install the Debian package {} or set 'data' to the folder that holds its files", package);
}

std::vector<std::string> NamesOf(const std::string& name, const Json& facts,
                                 const std::string& split) {
  const Json& files = facts.at("files");
  if (!files.contains(split)) {
    std::vector<std::string> known;
    for (const auto& [key, value] : files.items()) known.push_back(key);
    Fail(ErrorKind::kUsage, "dataset '{}': unknown split '{}'{}", name, split,
         Suggestion(split, known));
  }
  return files.at(split).get<std::vector<std::string>>();
}

// The folder itself and the sub-folders in which the data may lie as well.
std::vector<fs::path> Places(const fs::path& folder, const Json& facts) {
  std::vector<fs::path> places = {folder};
  if (facts.contains("alternative_folders")) {
    for (const Json& name : facts.at("alternative_folders")) {
      places.push_back(folder / name.get<std::string>());
    }
  }
  return places;
}

// The files `names` in the first place that has them all; otherwise the first one missing.
std::pair<std::vector<fs::path>, fs::path> Locate(const std::vector<fs::path>& places,
                                                  const std::vector<std::string>& names) {
  fs::path missing;
  for (const fs::path& place : places) {
    std::vector<fs::path> files;
    for (const std::string& name : names) files.push_back(place / name);
    std::error_code ignored;
    const auto absent = std::find_if(files.begin(), files.end(), [&](const fs::path& file) {
      return !fs::is_regular_file(file, ignored);
    });
    if (absent == files.end()) return {files, {}};
    if (missing.empty()) missing = *absent;
  }
  return {{}, missing};
}

}  // namespace

Dataset Dataset::Slice(int64_t begin, int64_t end) const {
  return {name, split, images.slice(0, begin, end), labels.slice(0, begin, end), classes};
}

RegisterDataset::RegisterDataset(Declaration declaration, DatasetReader reader) {
  Entries()[declaration.name] = {declaration.facts, reader};  // the catalogue refuses twin names
  Declare{std::move(declaration)};
}

std::vector<std::string> DatasetNames() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : Entries()) names.push_back(name);
  return names;
}

std::vector<fs::path> DatasetFiles(const std::string& name, const std::string& split,
                                   const std::optional<fs::path>& folder) {
  const Json& facts = EntryOf(name).facts;
  const std::vector<std::string> names = NamesOf(name, facts, split);
  const fs::path root = folder ? *folder : fs::path(facts.value("default_folder", ""));
  if (root.empty()) {
    Fail(ErrorKind::kUsage, "dataset '{}' has no default folder: {}", name, WhatToDo(facts));
  }
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) {
    Fail(ErrorKind::kUsage, "dataset '{}': there is no folder {}: {}", name, root.string(),
         WhatToDo(facts));
  }
  const std::vector<fs::path> places = Places(root, facts);
  auto [files, missing] = Locate(places, names);
  if (files.empty() && facts.contains("fallback") && facts["fallback"].contains(split)) {
    const auto fallback = facts["fallback"][split].get<std::string>();
    std::tie(files, missing) = Locate(places, NamesOf(name, facts, fallback));
  }
  if (files.empty()) {
    Fail(ErrorKind::kUsage, "dataset '{}': the file {} is missing: {}", name, missing.string(),
         WhatToDo(facts));
  }
  return files;
}

Dataset LoadDataset(const std::string& name, const std::string& split,
                    const std::optional<fs::path>& folder) {
  const Entry& entry = EntryOf(name);
  Dataset dataset = entry.reader(DatasetFiles(name, split, folder));
  dataset.name = name;
  dataset.split = split;
  return dataset;
}

}  // namespace zerosweep
