// Files written by torch.save: a zip archive with a pickle that describes the tensors and one entry
// of raw bytes for each storage; before PyTorch 1.6 the pickle with the storages behind it.
#pragma once

#include <torch/types.h>

#include <map>
#include <memory>
#include <string>

namespace zerosweep {

// The first bytes of a file of before PyTorch 1.6, of which kLegacyHeadBytes are enough.
inline constexpr size_t kLegacyHeadBytes = 24;
bool IsLegacyTorchSave(std::string_view head);

// Every tensor of the file, as views of `bytes`, which they keep alive (a storage that does not
// begin at a multiple of its element size is copied). A name is the keys of the dictionaries, lists
// and objects on the way, with points between them: "state_dict.module.conv1.weight"; at most 8 of
// them are opened inside one another. Nothing in the file is executed (engine/import/pickle.h).
// A
// tensor of a kind that is not read (sparse, quantized, complex, 8-bit, numpy's) is undefined.
// Throws kUsage, naming `origin`, in one line, for damage and for files without a tensor.
std::map<std::string, torch::Tensor> ReadTorchSave(std::shared_ptr<const std::string> bytes,
                                                   const std::string& origin);

}  // namespace zerosweep
