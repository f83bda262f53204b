// The IDX format of MNIST: two zero bytes, a type byte (8 = unsigned byte), the number of
// dimensions, their sizes as big-endian 32-bit integers, then the values.
#pragma once

#include <torch/types.h>

#include <filesystem>

namespace zerosweep {

// Reads an IDX file of bytes with `dimensions` dimensions, plain or gzip-compressed, as uint8.
// Throws kUsage, naming the file, when it is absent, truncated, oversized, corrupt or has another
// number of dimensions.
torch::Tensor ReadIdx(const std::filesystem::path& path, int dimensions);

// Throws kUsage, naming the file and the first offending entry, unless each label is in [0,
// classes).
void CheckLabels(const std::filesystem::path& path, const torch::Tensor& labels, int classes);

}  // namespace zerosweep
