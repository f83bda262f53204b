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
  torch::Tensor labels;  // int64, N, each in [0, classes); undefined: the images have none
  int classes = 0;       // 0: those of the model (images of a list)
  // int64, P×2: an image's index and another class that is right for it, sorted. Undefined: none.
  torch::Tensor also_right = {};

  int64_t size() const { return images->size(); }
  bool is_labelled() const { return labels.defined(); }
  std::vector<int64_t> shape() const { return images->shape(); }  // C, H, W
  // Loads the images [begin, end), uint8 N×C×H×W on the CPU. Throws as ImageSource::Load does.
  torch::Tensor Images(int64_t begin, int64_t end) const;
};

// Reads the files of one split, in the order of the declaration. Throws kUsage, in one line, for
// files that are truncated, oversized or corrupt.
using DatasetReader = Dataset (*)(const std::vector<std::filesystem::path>& files);

// Place it at the end of a source file. Without a reader: for datasets whose images are files of
// their own (contract/image_folder.h), which are never loaded whole.
struct RegisterDataset {
  explicit RegisterDataset(Declaration declaration, DatasetReader reader = nullptr);
};

// Whether the dataset's images are files of their own. Throws kUsage for an unknown one.
bool LiesInImageFiles(const std::string& name);

// Returns the files of a split of an in-memory dataset, in reading order; all exist. `folder` is
// where the user says that the data are; without it, the dataset's default folder is used. Throws
// kUsage for an unknown dataset or split, and for an absent folder or file, saying what to do.
std::vector<std::filesystem::path> DatasetFiles(
    const std::string& name, const std::string& split,
    const std::optional<std::filesystem::path>& folder = {});

// The same for a dataset whose images are files of their own. Throws kUsage as ListImageFiles does.
ImageFolder DatasetFolder(const std::string& name, const std::string& split,
                          const std::optional<std::filesystem::path>& folder = {});

// Loads the split "train", "test" or "calibration": the whole split into memory, or only its list
// of files where images are files of their own. `transform` says how these are resized; by default
// to the declared shape. Throws kUsage as DatasetFiles and DatasetFolder do, for defective files
// (images of their own only when they are loaded), and for a transform of a dataset that is not
// resized.
Dataset LoadDataset(const std::string& name, const std::string& split,
                    const std::optional<std::filesystem::path>& folder = {},
                    const std::optional<EvalTransform>& transform = {});

// Throws kUsage when images and model do not have the same number of classes, or when a list names
// a class beyond those of the model.
void RequireClasses(const Dataset& images, int64_t of_model);

}  // namespace zerosweep
