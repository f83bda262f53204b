// ONNX files as networks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/import/draft.h"

namespace zerosweep {

struct OnnxOptions {
  std::vector<int64_t> image_shape;  // C, H, W; empty: as the file has it
};

// Reads a network of one input, a batch of images. Where the file fixes the batch, that is the
// batch of the sample (draft.h). Throws kUsage, naming the file and, where there is one, operator,
// node and line of the user's model: for what ReadOnnxFile refuses, for operators that are not
// known, and where image_shape is wanted and not given or contradicts the file.
ImportedNetwork ReadOnnx(const std::filesystem::path& path, const OnnxOptions& options = {});

}  // namespace zerosweep
