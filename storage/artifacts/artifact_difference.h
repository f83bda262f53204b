// The differences between two artifacts that the same stage made at two times.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

struct ArtifactDifference {
  std::vector<std::string> files;  // that differ in their bytes, or that only one artifact has
  // Totals over the .safetensors files that differ.
  size_t tensors = 0;    // tensors that both artifacts have
  size_t differing = 0;  // those of them whose values differ
  double largest = 0;    // largest |a − b| of two elements; infinite where one of the two is NaN
  std::string largest_in;  // "quantized.safetensors: conv1.weight"; empty when none differs
  std::vector<std::string> unlike;  // tensors that one lacks, or whose type or shape differs
};

// REQUIRES: both folders are published artifacts. Throws kStorage for one that cannot be read and
// kUsage for a malformed .safetensors file.
ArtifactDifference CompareArtifacts(const std::filesystem::path& one,
                                    const std::filesystem::path& other);

}  // namespace zerosweep
