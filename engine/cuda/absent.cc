// The folder's functions in a build without CUDA.
#include "base/error.h"
#include "engine/cuda/fake_quantizer.h"
#include "engine/cuda/gpus.h"
#include "engine/cuda/nccl.h"

namespace zerosweep {
namespace {

constexpr const char* kProblem = "this build has no CUDA (`make CUDA=0`): build with `make`";

}  // namespace

std::string GpuName(int) { return "unknown"; }

std::string GpuProblem(int) { return kProblem; }

Json DescribeGpus() { return {{"problem", kProblem}, {"gpus", Json::array()}}; }

void FakeQuantizeOnGpu(const torch::Tensor&, torch::Tensor&, float, float, float, float) {
  Fail(ErrorKind::kInternal, "a tensor on a GPU: {}", kProblem);
}

c10::intrusive_ptr<c10d::Backend> MakeNcclBackend(const c10::intrusive_ptr<c10d::Store>&, int, int,
                                                  std::chrono::milliseconds, const std::string&) {
  Fail(ErrorKind::kCluster, "{}", kProblem);
}

std::string NcclVersion() { return "none"; }

}  // namespace zerosweep
