#include "engine/cuda/fake_quantizer.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace zerosweep {

void FakeQuantizeOnGpu(const torch::Tensor& x, torch::Tensor& y, float inverse_scale, float offset,
                       float low, float high) {
  const c10::cuda::CUDAGuard guard(x.device());
  LaunchFakeQuantize(x.const_data_ptr<float>(), y.mutable_data_ptr<float>(), x.numel(),
                     inverse_scale, offset, low, high, c10::cuda::getCurrentCUDAStream().stream());
}

}  // namespace zerosweep
