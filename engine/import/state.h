// Trained weights from a file of any supported format.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace zerosweep {

// Reads every tensor of a file by its full name ("state_dict.module.conv1.weight"), on the CPU; the
// tensors must not be written to. A tensor of a kind that is not read (torch_save.h) is undefined.
// Reads safetensors, torch.save of any age, and the shards that an index names (HF's
// model.safetensors.index.json, contract/weight_files.h); the content decides the format, not the
// file's name. Takes at most twice the size of the file plus 100 MB. Throws kUsage, naming the file
// and saying what to do, when it is absent, damaged or of another format.
std::map<std::string, torch::Tensor> ReadState(const std::filesystem::path& path);

}  // namespace zerosweep
