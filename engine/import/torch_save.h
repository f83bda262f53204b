// Files written by torch.save: a zip archive with a pickle that describes the tensors and one entry
// of raw bytes for each storage. Before PyTorch 1.6: the pickle, followed by the storages.
#pragma once

#include <torch/types.h>

#include <map>
#include <memory>
#include <string>

namespace zerosweep {

// Recognises a file from before PyTorch 1.6 by its first bytes; kLegacyHeadBytes are enough.
inline constexpr size_t kLegacyHeadBytes = 24;
bool IsLegacyTorchSave(std::string_view head);

// Returns every tensor of the file, as views of `bytes`, which they keep alive (a storage that does
// not begin at a multiple of its element size is copied). A name joins with dots the keys of the
// dictionaries, lists and objects on the path: "state_dict.module.conv1.weight"; at most 8 nested
// levels are opened. Nothing in the file is executed (engine/import/pickle.h). A tensor of a kind
// that is not read (sparse, quantized, complex, 8-bit, numpy's) is undefined. Throws kUsage, in one
// line and naming `origin`, for damage and for files without a tensor.
std::map<std::string, torch::Tensor> ReadTorchSave(std::shared_ptr<const std::string> bytes,
                                                   const std::string& origin);

}  // namespace zerosweep
