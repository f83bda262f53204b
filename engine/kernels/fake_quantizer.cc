#include "engine/kernels/fake_quantizer.h"

#include <ATen/Parallel.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "base/error.h"

namespace zerosweep {

torch::Tensor FakeQuantizeTensor(const torch::Tensor& x, const FakeGrid& grid, bool overwrite) {
  if (x.scalar_type() != torch::kFloat32 || !x.is_non_overlapping_and_dense())
    Fail(ErrorKind::kInternal, "a tensor to quantize is not float32, or not dense");
  const torch::Tensor values = x.detach();
  torch::Tensor y = overwrite ? values : torch::empty_like(values);
  const float* from = values.const_data_ptr<float>();
  float* to = y.mutable_data_ptr<float>();
  if (x.is_cuda()) {
    const c10::cuda::CUDAGuard guard(x.device());
    FakeQuantizeCuda(from, to, x.numel(), grid.scale, grid.zero_point, grid.low, grid.high,
                     c10::cuda::getCurrentCUDAStream().stream());
  } else {
    at::parallel_for(0, x.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
      FakeQuantizeSpan(grid, from + begin, to + begin, end - begin);
    });
  }
  return y;
}

}  // namespace zerosweep
