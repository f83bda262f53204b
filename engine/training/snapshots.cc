#include "engine/training/snapshots.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "engine/import/safetensors.h"

namespace zerosweep {

// Without the tensors, which lie in a file of their own.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Snapshot, step, heldout_loss)

namespace {

const char* const kTensorFile = "snapshots.safetensors";
const char* const kJsonFile = "snapshots.json";

// "3/conv1.codes"
std::string KeyOf(size_t index, const std::string& name) {
  return fmt::format("{}/{}", index, name);
}

std::map<std::string, torch::Tensor> TensorsOf(const std::vector<Snapshot>& snapshots) {
  std::map<std::string, torch::Tensor> tensors;
  for (size_t i = 0; i < snapshots.size(); ++i)
    for (const auto& [name, tensor] : snapshots[i].state) tensors[KeyOf(i, name)] = tensor;
  return tensors;
}

std::vector<Snapshot> FromParts(const Json& list,
                                const std::map<std::string, torch::Tensor>& tensors,
                                const std::string& prefix) {
  auto snapshots = list.get<std::vector<Snapshot>>();
  for (size_t i = 0; i < snapshots.size(); ++i) {
    const std::string start = prefix + KeyOf(i, "");
    for (auto at = tensors.lower_bound(start); at != tensors.end() && at->first.starts_with(start);
         ++at)
      snapshots[i].state[at->first.substr(start.size())] = at->second;
  }
  return snapshots;
}

}  // namespace

ParamSpec Snapshots::Param() {
  return {.name = "snapshots",
          .default_value = 10,
          .meaning =
              "networks kept on the way, evenly, of which `best_top1` and `heldout_top1` are told",
          .min = 1,
          .profiles = {{"fast", 4}, {"smoke", 2}}};
}

void Snapshots::OnStep(int64_t done, const Student& student) {
  const auto taken = static_cast<int64_t>(all_.size());
  if (taken > count_ || done < taken * steps_ / std::max<int64_t>(count_, 1)) return;
  all_.push_back({done, student.Quantized().State(), {}});
}

void Snapshots::Score(QuantizedNetwork network, const torch::Tensor& images,
                      const torch::Tensor& targets) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor log_target = torch::log_softmax(targets, 1);
  for (Snapshot& snapshot : all_) {
    network.LoadState(snapshot.state);
    const torch::Tensor log_student = torch::log_softmax(network.Forward(images), 1);
    const double sum = (log_target.exp() * (log_target - log_student)).sum().item<double>();
    snapshot.heldout_loss = sum / static_cast<double>(images.size(0));
  }
}

void Snapshots::Save(const std::string& prefix, CheckpointState& state) const {
  for (const auto& [name, tensor] : TensorsOf(all_)) state.tensors[prefix + name] = tensor;
  state.values[prefix] = all_;
}

void Snapshots::Restore(const std::string& prefix, const CheckpointState& state) {
  all_ = FromParts(state.values.at(prefix), state.tensors, prefix);
}

void SaveSnapshots(const std::vector<Snapshot>& snapshots, const std::filesystem::path& folder) {
  if (snapshots.empty()) return;
  WriteSafetensors(folder / kTensorFile, TensorsOf(snapshots));
  WriteFileDurably(folder / kJsonFile, Json(snapshots).dump(1) + "\n");
}

std::vector<Snapshot> LoadSnapshots(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kJsonFile;
  if (!std::filesystem::exists(file)) return {};
  try {
    return FromParts(ParseJson(ReadFile(file), file.string()),
                     ReadSafetensors(folder / kTensorFile), "");
  } catch (const Json::exception& error) {
    Fail(ErrorKind::kStorage, "{}: {}", file.string(), error.what());
  }
}

}  // namespace zerosweep
