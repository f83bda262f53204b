#include "engine/data/dataset.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "contract/dataset_files.h"
#include "contract/image_list.h"
#include "engine/catalogue/name_table.h"

namespace zerosweep {
namespace {

namespace fs = std::filesystem;

struct Entry {
  Declaration declaration;
  DatasetReader reader;  // null: each image is a file of its own

  const DatasetFacts& facts() const { return declaration.dataset(); }
};

NameTable<Entry>& Entries() {
  static NameTable<Entry> entries("dataset");
  return entries;
}

// The folder that the user named; otherwise the default one.
fs::path RootFolder(const std::string& name, const DatasetFacts& facts,
                    const std::optional<fs::path>& folder) {
  fs::path root = folder ? *folder : fs::path(facts.default_folder);
  if (root.empty()) {
    Fail(ErrorKind::kUsage, "dataset '{}' has no default folder: {}", name, HowToGet(facts));
  }
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) {
    Fail(ErrorKind::kUsage, "dataset '{}': there is no folder {}: {}", name, root.string(),
         HowToGet(facts));
  }
  return root;
}

// Images are resized to the declared shape unless the user says otherwise.
Dataset InFolders(ImageFolder folder, const DatasetFacts& facts,
                  const std::optional<EvalTransform>& transform) {
  Dataset dataset;
  dataset.classes = static_cast<int>(folder.classes.size());
  if (folder.is_labelled()) {
    std::vector<int64_t> labels;
    for (const ImageFolder::File& file : folder.files) labels.push_back(file.label);
    dataset.labels = torch::tensor(labels, torch::kInt64);
  }
  if (!folder.also_right.empty()) {
    std::vector<int64_t> pairs;
    for (const auto& [place, label] : folder.also_right) {
      pairs.push_back(static_cast<int64_t>(place));
      pairs.push_back(label);
    }
    dataset.also_right = torch::tensor(pairs, torch::kInt64).view({-1, 2});
  }
  const int64_t crop = facts.shape[1];
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
  Entries().Add(declaration.name, {declaration, reader});
  Declare(Role::kDataset, std::move(declaration));
}

bool LiesInImageFiles(const std::string& name) { return Entries().Get(name).reader == nullptr; }

std::vector<fs::path> DatasetFiles(const std::string& name, const std::string& split,
                                   const std::optional<fs::path>& folder) {
  const Entry& entry = Entries().Get(name);
  const fs::path root = RootFolder(name, entry.facts(), folder);
  SplitFiles found = FindSplit(FoldersUnder(root, entry.facts()), split, entry.declaration);
  if (found.files.empty()) {
    Fail(ErrorKind::kUsage, "dataset '{}': the file {} is missing: {}", name,
         found.missing.string(), HowToGet(entry.facts()));
  }
  return found.files;
}

ImageFolder DatasetFolder(const std::string& name, const std::string& split,
                          const std::optional<fs::path>& folder) {
  const DatasetFacts& facts = Entries().Get(name).facts();
  return ListImageFiles(RootFolder(name, facts, folder), facts, split);
}

Dataset LoadDataset(const std::string& name, const std::string& split,
                    const std::optional<fs::path>& folder,
                    const std::optional<EvalTransform>& transform) {
  const Entry& entry = Entries().Get(name);
  if (transform && entry.reader != nullptr) {
    Fail(ErrorKind::kUsage, "images of {} are not resized: leave the resize and the crop out",
         name);
  }
  Dataset dataset = entry.reader != nullptr
                        ? entry.reader(DatasetFiles(name, split, folder))
                        : InFolders(DatasetFolder(name, split, folder), entry.facts(), transform);
  dataset.name = name;
  dataset.split = split;
  return dataset;
}

void RequireClasses(const Dataset& images, int64_t of_model) {
  if (images.classes > 0 && images.classes != of_model) {
    Fail(ErrorKind::kUsage, "the model has {} classes, the {} images of {} have {}", of_model,
         images.split, images.name, images.classes);
  }
  if (images.classes > 0 || !images.is_labelled()) return;
  int64_t highest = images.labels.max().item<int64_t>();
  if (images.also_right.defined())
    highest = std::max(highest, images.also_right.select(1, 1).max().item<int64_t>());
  RequireClassWithin(highest, fmt::format("the {} images of {}", images.split, images.name),
                     of_model);
}

}  // namespace zerosweep
