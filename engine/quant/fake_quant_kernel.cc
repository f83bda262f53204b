#include "engine/quant/fake_quant_kernel.h"

#include <ATen/Parallel.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <cmath>

namespace zerosweep {
namespace {

// Compiled for three instruction sets, chosen when the program starts; -ffp-contract=off keeps
// their results equal.
__attribute__((target_clones("avx512f", "avx2", "default"))) void FakeQuantizeSpan(
    const float* x, float* y, int64_t count, float scale, float zero_point, float low, float high) {
#pragma GCC ivdep  // y is x or apart from it
  for (int64_t i = 0; i < count; ++i) {
    float q = std::nearbyint(scale * x[i] - zero_point);
    q = q < low ? low : q;
    q = q > high ? high : q;
    y[i] = (q + zero_point) / scale;
  }
}

}  // namespace

torch::Tensor FakeQuantizeKernel(const torch::Tensor& x, float scale, float zero_point, int bits,
                                 bool overwrite) {
  torch::Tensor y = overwrite ? x : torch::empty_like(x);
  const auto half = static_cast<float>(1 << (bits - 1));
  const float* from = x.const_data_ptr<float>();
  float* to = y.mutable_data_ptr<float>();
  if (x.is_cuda()) {
    const c10::cuda::CUDAGuard guard(x.device());
    FakeQuantizeCuda(from, to, x.numel(), scale, zero_point, -half, half - 1,
                     c10::cuda::getCurrentCUDAStream().stream());
  } else {
    at::parallel_for(0, x.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
      FakeQuantizeSpan(from + begin, to + begin, end - begin, scale, zero_point, -half, half - 1);
    });
  }
  return y;
}

}  // namespace zerosweep
