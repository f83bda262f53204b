// How two artifacts differ that the same stage made at two times.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

struct ArtifactDifference {
  std::vector<std::string> files;  // that are not the same bytes, or in one of them alone
  // Of all .safetensors files together.
  size_t tensors = 0;      // that both have
  size_t differing = 0;    // of those, not of the same values
  double largest = 0;      // |difference| of any two elements; infinite where one is not a number
  std::string largest_in;  // "quantized.safetensors: conv1.weight"; empty when none differs
  std::vector<std::string> unlike;  // tensors that one lacks, or has in another type or shape
};

// REQUIRES: both folders are published artifacts. Throws kStorage for one that cannot be read,
// kUsage for a .safetensors file that is none.
ArtifactDifference CompareArtifacts(const std::filesystem::path& one,
                                    const std::filesystem::path& other);

}  // namespace zerosweep
