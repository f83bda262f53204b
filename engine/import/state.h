// Trained weights from a file of any supported format.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace zerosweep {

// Every tensor of a file by its full name ("state_dict.module.conv1.weight"), on the CPU, not to be
// written to; undefined where the file has a kind of tensor that is not read (torch_save.h). Reads
// safetensors, torch.save of any age, and the shards that an index names (HF's
// model.safetensors.index.json, contract/weight_files.h), whichever the content is; the file's name
// does not matter. Takes at most twice the file and 100 MB. Throws kUsage, naming the file and
// saying what to do, when it is absent, damaged or none of them.
std::map<std::string, torch::Tensor> ReadState(const std::filesystem::path& path);

}  // namespace zerosweep
