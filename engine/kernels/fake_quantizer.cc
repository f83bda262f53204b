#include "engine/kernels/fake_quantizer.h"

#include "base/error.h"
#include "engine/cuda/fake_quantizer.h"
#include "engine/kernels/chunks.h"

namespace zerosweep {
namespace {

torch::Tensor Encoded(const torch::Tensor& x, const FakeGrid& grid) {
  if (!x.is_cpu()) Fail(ErrorKind::kInternal, "codes are made on the CPU alone");
  torch::Tensor codes = torch::empty_like(x, torch::kUInt8);
  const float* from = x.const_data_ptr<float>();
  uint8_t* to = codes.mutable_data_ptr<uint8_t>();
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    EncodeSpan(grid, from + begin, to + begin, end - begin);
  });
  return codes;
}

}  // namespace

torch::Tensor FakeQuantizeTensor(const torch::Tensor& x, const FakeGrid& grid, bool overwrite) {
  if (x.scalar_type() != torch::kFloat32 || !x.is_non_overlapping_and_dense())
    Fail(ErrorKind::kInternal, "a tensor to quantize is not float32, or not dense");
  const torch::Tensor values = x.detach();
  if (grid.as_codes) return Encoded(values, grid);
  torch::Tensor y = overwrite ? values : torch::empty_like(values);
  if (x.is_cuda()) {
    FakeQuantizeOnGpu(values, y, grid.inverse_scale, grid.offset, grid.low, grid.high);
    return y;
  }
  const float* from = values.const_data_ptr<float>();
  float* to = y.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    FakeQuantizeSpan(grid, from + begin, to + begin, end - begin);
  });
  return y;
}

torch::Tensor DecodeTensor(const torch::Tensor& codes, const FakeGrid& grid) {
  torch::Tensor values = torch::empty_like(codes, torch::kFloat32);
  const uint8_t* from = codes.const_data_ptr<uint8_t>();
  float* to = values.mutable_data_ptr<float>();
  at::parallel_for(0, codes.numel(), kGrain, [&](int64_t begin, int64_t end) {
    DecodeSpan(grid, from + begin, to + begin, end - begin);
  });
  return values;
}

}  // namespace zerosweep
