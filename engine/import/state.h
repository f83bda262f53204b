// Trained weights from a file of any supported format.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace zerosweep {

// Reads safetensors or torch.save, whichever the content is; the file's name does not matter.
// Throws kUsage, naming the file and saying what to do, when it is absent, damaged or neither.
std::map<std::string, torch::Tensor> ReadState(const std::filesystem::path& path);

}  // namespace zerosweep
