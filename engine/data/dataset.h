// Labelled images in memory, and the registry of the datasets that can be read.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalogue/declaration.h"

namespace zerosweep {

struct Dataset {
  std::string name;
  std::string split;
  torch::Tensor images;  // uint8, N×C×H×W, contiguous
  torch::Tensor labels;  // int64, N, each in [0, classes)
  int classes = 0;

  int64_t size() const { return labels.size(0); }
  // The images [begin, end), sharing their memory.
  Dataset Slice(int64_t begin, int64_t end) const;
};

// Reads the files of one split, in the order of the declaration's "files" fact. Throws kUsage in
// one line for files that are truncated, oversized or corrupt.
using DatasetReader = Dataset (*)(const std::vector<std::filesystem::path>& files);

// For the foot of a source file. The declaration's facts:
//   classes, shape [C, H, W], default_folder ("" when the user has to give one), debian_package
//   ("" when there is none), files {split → names}, alternative_folders: sub-folders of the given
//   folder that are looked into as well, fallback {split → split}: what stands in when a split's
//   files are absent.
struct RegisterDataset {
  RegisterDataset(Declaration declaration, DatasetReader reader);
};

std::vector<std::string> DatasetNames();

// The files of a split, in reading order, all present. `folder` is where the user says that the
// data lie; without it, the dataset's default folder. Throws kUsage for an unknown dataset or
// split, and for an absent folder or file, saying what to do.
std::vector<std::filesystem::path> DatasetFiles(
    const std::string& name, const std::string& split,
    const std::optional<std::filesystem::path>& folder = {});

// Reads the split "train", "test" or "calibration". Throws kUsage as DatasetFiles does and for
// defective files.
Dataset LoadDataset(const std::string& name, const std::string& split,
                    const std::optional<std::filesystem::path>& folder = {});

}  // namespace zerosweep
