// The files that hold the weights of one network. Both programs name weights with this code.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace zerosweep {

// The architecture of a network that its own file describes, in names of stages and in cards.
inline constexpr const char* kImportedArch = "imported";

// Whether `path` has the name of a file that holds a whole network: .onnx, .pt2.
bool IsNetworkFile(const std::filesystem::path& path);

// Whether `path` has the name of an index of shards: "model.safetensors.index.json".
bool IsWeightIndex(const std::filesystem::path& path);

// The shards of an index, which lie in its folder, sorted; an ONNX file and the files next to it
// that hold its tensors; for any other file, the file itself. Throws kUsage, naming the index or
// ONNX file, when it is damaged or names a file elsewhere.
std::vector<std::filesystem::path> WeightFiles(const std::filesystem::path& path);

// The keys that an index places in each of its shards: file name → keys.
std::map<std::string, std::vector<std::string>> WeightIndex(const std::filesystem::path& index);

// The digest that names the weights: for one file its SHA-256; for several shards that of the
// canonical JSON of their digests and of the keys that the index takes from each; for an ONNX file
// with others, that of the canonical JSON of its digest and of their names and digests. `sha256` digests
// one file.
std::string WeightsDigest(const std::filesystem::path& path,
                          const std::function<std::string(const std::filesystem::path&)>& sha256);

}  // namespace zerosweep
