// The safetensors format: 8 bytes little-endian header length, a JSON header {name → {dtype, shape,
// data_offsets}}, then the data.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace zerosweep {

// Reads all tensors, on the CPU. Strict: throws kUsage, naming the file, for a header longer than
// the file or 100 MB, offsets outside the file, overlaps, gaps, sizes that do not match the shape
// and types other than F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL.
std::map<std::string, torch::Tensor> ReadSafetensors(const std::filesystem::path& path);

// Writes the tensors atomically, in the order of their names; `metadata` goes into
// "__metadata__". The same tensors give the same bytes. Throws kStorage.
void WriteSafetensors(const std::filesystem::path& path,
                      const std::map<std::string, torch::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace zerosweep
