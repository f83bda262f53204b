#include <cstdint>
#include <stdexcept>
#include <string>

namespace zerosweep {
namespace {

__global__ void FakeQuantizeElements(const float* __restrict__ x, float* __restrict__ y, int64_t count, float inverse_scale,
                                     float offset, float low, float high) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
    const float scaled = __fsub_rn(__fmul_rn(inverse_scale, x[i]), offset);
    const float q = fminf(fmaxf(rintf(scaled), low), high);
    y[i] = __fdiv_rn(__fadd_rn(q, offset), inverse_scale);
  }
}

}  // namespace

void LaunchFakeQuantize(const float* x, float* y, int64_t count, float inverse_scale, float offset, float low, float high,
                        void* stream) {
  if (count == 0) return;
  constexpr int kThreads = 256;
  const int64_t wanted = (count + kThreads - 1) / kThreads;
  const int blocks = static_cast<int>(wanted < 4096 ? wanted : 4096);
  FakeQuantizeElements<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(x, y, count, inverse_scale, offset, low,
                                                                                  high);
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess) throw std::runtime_error(std::string("fake quantization kernel: ") + cudaGetErrorString(error));
}

}  // namespace zerosweep
