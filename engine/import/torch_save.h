// Files written by torch.save (PyTorch 1.6 and later): a zip archive with a pickle that describes
// the tensors and one entry of raw bytes for each storage.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace zerosweep {

// Reads a state dict, or the one under the key "state_dict" or "model" of a checkpoint; a "module."
// in front of every key (DataParallel) is taken away. Nothing in the file is executed
// (engine/import/pickle.h). Throws kUsage in one line for anything else.
std::map<std::string, torch::Tensor> ReadTorchSave(const std::filesystem::path& path);

}  // namespace zerosweep
