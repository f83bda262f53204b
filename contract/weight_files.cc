#include "contract/weight_files.h"

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "contract/onnx_data.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

bool IsOnnx(const fs::path& path) { return LowerCase(path.extension().string()) == ".onnx"; }

}  // namespace

bool IsNetworkFile(const fs::path& path) {
  const std::string ending = LowerCase(path.extension().string());
  return ending == ".onnx" || ending == ".pt2";
}

bool IsWeightIndex(const fs::path& path) {
  return path.filename().native().ends_with(".index.json");
}

std::map<std::string, std::vector<std::string>> WeightIndex(const fs::path& index) {
  const Json json = ParseJson(ReadFile(index), index.string());
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (!json.is_object() || map == json.end() || !map->is_object() || map->empty()) {
    Fail(ErrorKind::kUsage,
         "{} is no index of weights: it has no \"weight_map\" from the keys to the files",
         index.string());
  }
  std::map<std::string, std::vector<std::string>> shards;
  for (const auto& [key, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || fs::path(name).filename() != name || name == "." || name == "..") {
      Fail(ErrorKind::kUsage, "{}: '{}' lies in {}: a shard must be a file next to the index",
           index.string(), key, file.dump());
    }
    shards[name].push_back(key);
  }
  return shards;
}

std::vector<fs::path> WeightFiles(const fs::path& path) {
  std::vector<fs::path> files;
  if (!IsWeightIndex(path)) {
    files.push_back(path);
    if (IsOnnx(path))
      for (const std::string& name : OnnxDataFiles(path))
        files.push_back(path.parent_path() / name);
    return files;
  }
  for (const auto& [name, keys] : WeightIndex(path)) files.push_back(path.parent_path() / name);
  return files;
}

std::string WeightsDigest(const fs::path& path,
                          const std::function<std::string(const fs::path&)>& sha256) {
  if (!IsWeightIndex(path)) {
    const std::vector<fs::path> files = WeightFiles(path);
    if (files.size() == 1) return sha256(path);
    Json digests = Json::array({sha256(path)});
    for (size_t i = 1; i < files.size(); ++i)
      digests.push_back(Json::array({files[i].filename().string(), sha256(files[i])}));
    return JsonDigest(digests);
  }
  Json shards = Json::array();
  for (const auto& [name, keys] : WeightIndex(path)) {
    shards.push_back({sha256(path.parent_path() / name), keys});
  }
  return JsonDigest(shards);
}

}  // namespace zerosweep
