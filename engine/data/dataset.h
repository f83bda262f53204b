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
  std::string name = {};
  std::string split = {};
  std::shared_ptr<const ImageSource> images;
  torch::Tensor labels;  // int64, N, each in [0, classes)
  int classes = 0;

  int64_t size() const { return labels.size(0); }
  std::vector<int64_t> shape() const { return images->shape(); }  // C, H, W
  // Loads the images [begin, end), uint8 N×C×H×W on the CPU. Throws as ImageSource::Load does.
  torch::Tensor Images(int64_t begin, int64_t end) const;
};

// Reads the files of one split, in the order of the declaration. Throws kUsage, in one line, for
// files that are truncated, oversized or corrupt.
using DatasetReader = Dataset (*)(const std::vector<std::filesystem::path>& files);

// Place it at the end of a source file. Without a reader: for datasets in class folders
// (contract/image_folder.h), which are never loaded whole.
struct RegisterDataset {
  explicit RegisterDataset(Declaration declaration, DatasetReader reader = nullptr);
};

// Whether the dataset is stored in class folders. Throws kUsage for an unknown one.
bool LiesInClassFolders(const std::string& name);

// Returns the files of a split of an in-memory dataset, in reading order; all exist. `folder` is
// where the user says that the data are; without it, the dataset's default folder is used. Throws
// kUsage for an unknown dataset or split, and for an absent folder or file, saying what to do.
std::vector<std::filesystem::path> DatasetFiles(
    const std::string& name, const std::string& split,
    const std::optional<std::filesystem::path>& folder = {});

// The same for a dataset in class folders. Throws kUsage as ListSplit does.
ImageFolder DatasetFolder(const std::string& name, const std::string& split,
                          const std::optional<std::filesystem::path>& folder = {});

// Loads the split "train", "test" or "calibration": the whole split into memory, or only its list
// of files for a dataset in class folders. `transform` says how images in class folders are
// resized; by default to the declared shape. Throws kUsage as DatasetFiles and DatasetFolder do,
// for defective files (in class folders only when they are loaded), and for a transform of a
// dataset that is not resized.
Dataset LoadDataset(const std::string& name, const std::string& split,
                    const std::optional<std::filesystem::path>& folder = {},
                    const std::optional<EvalTransform>& transform = {});

}  // namespace zerosweep
