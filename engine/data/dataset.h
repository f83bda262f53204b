// Labelled images, and the registry of the datasets that can be read.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalogue/declare.h"
#include "engine/data/image_source.h"

namespace zerosweep {

struct Dataset {
  std::string name;
  std::string split;
  std::shared_ptr<const ImageSource> images;
  torch::Tensor labels;  // int64, N, each in [0, classes)
  int classes = 0;

  int64_t size() const { return labels.size(0); }
  std::vector<int64_t> shape() const { return images->shape(); }  // C, H, W
  // The images [begin, end), uint8 N×C×H×W on the CPU. Throws as ImageSource::Load does.
  torch::Tensor Images(int64_t begin, int64_t end) const;
};

// Reads the files of one split, in the order of the declaration. Throws kUsage in
// one line for files that are truncated, oversized or corrupt.
using DatasetReader = Dataset (*)(const std::vector<std::filesystem::path>& files);

// For the foot of a source file.
struct RegisterDataset {
  RegisterDataset(Declaration declaration, DatasetReader reader);
};

// For datasets in folders by class (contract/image_folder.h), which are never in memory whole.
struct RegisterImageFolder {
  explicit RegisterImageFolder(Declaration declaration);
};

std::vector<std::string> DatasetNames();

// Whether the dataset lies in folders by class. Throws kUsage for an unknown one.
bool LiesInClassFolders(const std::string& name);

// The files of a split of a dataset in memory, in reading order, all present. `folder` is where the
// user says that the data lie; without it, the dataset's default folder. Throws kUsage for an
// unknown dataset or split, and for an absent folder or file, saying what to do.
std::vector<std::filesystem::path> DatasetFiles(
    const std::string& name, const std::string& split,
    const std::optional<std::filesystem::path>& folder = {});

// The same of a dataset in folders by class. Throws kUsage as ListSplit does.
ImageFolder DatasetFolder(const std::string& name, const std::string& split,
                          const std::optional<std::filesystem::path>& folder = {});

// Reads the split "train", "test" or "calibration": whole into memory, or of a dataset in folders
// its list of files. `transform`: how those are resized; by default to the declared shape. Throws
// kUsage as DatasetFiles and DatasetFolder do, for defective files (those in folders only when they
// are loaded), and for a transform of a dataset that is not resized.
Dataset LoadDataset(const std::string& name, const std::string& split,
                    const std::optional<std::filesystem::path>& folder = {},
                    const std::optional<EvalTransform>& transform = {});

}  // namespace zerosweep
