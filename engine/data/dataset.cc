#include "engine/data/dataset.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

namespace fs = std::filesystem;

struct Entry {
  Json facts;
  DatasetReader reader;  // null: in folders by class
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

// Where the user says that the data lie, else where they usually do.
fs::path RootFolder(const std::string& name, const Json& facts,
                    const std::optional<fs::path>& folder) {
  fs::path root = folder ? *folder : fs::path(facts.value("default_folder", ""));
  if (root.empty()) {
    Fail(ErrorKind::kUsage, "dataset '{}' has no default folder: {}", name, WhatToDo(facts));
  }
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) {
    Fail(ErrorKind::kUsage, "dataset '{}': there is no folder {}: {}", name, root.string(),
         WhatToDo(facts));
  }
  return root;
}

// To the declared shape, unless the user says otherwise.
Dataset InFolders(ImageFolder folder, const Json& facts,
                  const std::optional<EvalTransform>& transform) {
  Dataset dataset;
  dataset.classes = static_cast<int>(folder.classes.size());
  std::vector<int64_t> labels;
  for (const ImageFolder::File& file : folder.files) labels.push_back(file.label);
  dataset.labels = torch::tensor(labels, torch::kInt64);
  const int64_t crop = facts.at("shape").at(1);
  dataset.images =
      ImagesInFiles(std::move(folder), transform.value_or(EvalTransform{UsualResize(crop), crop}));
  return dataset;
}

}  // namespace

torch::Tensor Dataset::Images(int64_t begin, int64_t end) const {
  std::vector<int64_t> indices(static_cast<size_t>(end - begin));
  std::iota(indices.begin(), indices.end(), begin);
  return images->Load(indices);
}

RegisterDataset::RegisterDataset(Declaration declaration, DatasetReader reader) {
  Entries()[declaration.name] = {declaration.facts, reader};  // the catalogue refuses twin names
  Declare{std::move(declaration)};
}

RegisterImageFolder::RegisterImageFolder(Declaration declaration) {
  RegisterDataset(std::move(declaration), nullptr);
}

bool LiesInClassFolders(const std::string& name) { return EntryOf(name).reader == nullptr; }

std::vector<std::string> DatasetNames() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : Entries()) names.push_back(name);
  return names;
}

std::vector<fs::path> DatasetFiles(const std::string& name, const std::string& split,
                                   const std::optional<fs::path>& folder) {
  const Json& facts = EntryOf(name).facts;
  const std::vector<std::string> names = NamesOf(name, facts, split);
  const fs::path root = RootFolder(name, facts, folder);
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

ImageFolder DatasetFolder(const std::string& name, const std::string& split,
                          const std::optional<fs::path>& folder) {
  const Json& facts = EntryOf(name).facts;
  return ListSplit(RootFolder(name, facts, folder), facts, split);
}

Dataset LoadDataset(const std::string& name, const std::string& split,
                    const std::optional<fs::path>& folder,
                    const std::optional<EvalTransform>& transform) {
  const Entry& entry = EntryOf(name);
  if (transform && entry.reader != nullptr) {
    Fail(ErrorKind::kUsage, "images of {} are not resized: leave the resize and the crop out",
         name);
  }
  Dataset dataset = entry.reader != nullptr
                        ? entry.reader(DatasetFiles(name, split, folder))
                        : InFolders(DatasetFolder(name, split, folder), entry.facts, transform);
  dataset.name = name;
  dataset.split = split;
  return dataset;
}

}  // namespace zerosweep
