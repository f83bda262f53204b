// The files that hold the weights of one network. Both programs name them by this code.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace zerosweep {

// Whether `path` is named as an index of shards is: "model.safetensors.index.json".
bool IsWeightIndex(const std::filesystem::path& path);

// The shards that an index names beside itself, sorted; of any other file itself alone. Throws
// kUsage, naming the index, for one that is damaged or names a file elsewhere.
std::vector<std::filesystem::path> WeightFiles(const std::filesystem::path& path);

// The keys that an index places in each of its shards: file name → keys.
std::map<std::string, std::vector<std::string>> WeightIndex(const std::filesystem::path& index);

// What names the weights: the SHA-256 of the file; of several shards that of the canonical JSON of
// their digests and of what the index takes from each. `sha256` digests one file.
std::string WeightsDigest(const std::filesystem::path& path,
                          const std::function<std::string(const std::filesystem::path&)>& sha256);

}  // namespace zerosweep
