#include "engine/stages/signature.h"

#include <ATen/native/DispatchStub.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/version.h>

#include <algorithm>
#include <fstream>

#include "base/version.h"
#include "engine/catalogue/declare.h"
#include "engine/cuda/gpus.h"
#include "engine/cuda/nccl.h"

namespace zerosweep {
namespace {

std::string CpuModel() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

Json MachineSignature() {
  Json gpus = Json::array();
  if (torch::cuda::is_available()) {
    for (int i = 0; i < static_cast<int>(torch::cuda::device_count()); ++i)
      gpus.push_back(GpuName(i));
  }
  return {{"cpu", CpuModel()},
          {"cpu_capability", at::get_cpu_capability()},
          {"gpus", gpus},
          {"nccl", NcclVersion()},
          {"torch", TORCH_VERSION},
          {"compiler", __VERSION__},
          {"revision", CodeRevision()}};
}

Json ExecutionSignature(const Json& machine, const StageRun& run) {
  Json signature = machine;
  signature.erase("gpus");
  const torch::Device device(run.device);
  signature["device"] = "cpu";
  if (!device.is_cuda()) {
    signature.erase("nccl");
  } else {
    const auto index = static_cast<size_t>(std::max<int>(0, device.index()));
    signature["device"] = machine.at("gpus").at(index);
  }
  signature["threads"] = run.threads;
  signature["catalogue"] = CatalogueDigest();
  return signature;
}

}  // namespace zerosweep
