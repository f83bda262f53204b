// The safetensors format (contract/tensor_file.h) as tensors.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace zerosweep {

// Reads all tensors, on the CPU. Throws kUsage, naming the file, as TensorFile does, and when the
// file cannot be read.
std::map<std::string, torch::Tensor> ReadSafetensors(const std::filesystem::path& path);

// The same for a file's content; `origin` names it in errors.
std::map<std::string, torch::Tensor> ParseSafetensors(std::string bytes, const std::string& origin);

// Writes the tensors atomically, in the order of their names; `metadata` goes into
// "__metadata__". The same tensors give the same bytes. Throws kStorage.
void WriteSafetensors(const std::filesystem::path& path,
                      const std::map<std::string, torch::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace zerosweep
