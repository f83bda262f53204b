#include "engine/quant/number_format.h"

#include "base/error.h"
#include "engine/kernels/fake_quantizer.h"

namespace zerosweep {

UniformGrid MakeUniformGrid(const torch::Tensor& lo, const torch::Tensor& hi, int bits) {
  if (bits == kPassThroughBits) return {};
  if (bits < kMinBits || bits > kMaxBits) {
    Fail(ErrorKind::kUsage, "{} bits: a uniform grid has {} to {} bits, or {} for none", bits,
         kMinBits, kMaxBits, kPassThroughBits);
  }
  if (!torch::isfinite(lo).all().item<bool>() || !torch::isfinite(hi).all().item<bool>()) {
    FailTrial(Failure::kNonFinite, "the range to quantize is not finite");
  }
  UniformGrid grid;
  grid.bits = bits;
  grid.scale = static_cast<double>((1 << bits) - 1) / torch::clamp_min(hi - lo, 1e-8);
  grid.zero_point = torch::round(grid.scale * lo) + static_cast<double>(1 << (bits - 1));
  return grid;
}

UniformGrid PerChannelMinMaxGrid(const torch::Tensor& weight, int bits) {
  const torch::Tensor rows = weight.detach().flatten(1);
  return MakeUniformGrid(rows.amin(1), rows.amax(1), bits);
}

torch::Tensor AlongChannels(const torch::Tensor& parameter, const torch::Tensor& x) {
  if (parameter.dim() == 0) return parameter;
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = parameter.size(0);
  return parameter.view(shape);
}

torch::Tensor Encode(const torch::Tensor& x, const UniformGrid& grid) {
  const int half = 1 << (grid.bits - 1);
  const torch::Tensor scaled =
      AlongChannels(grid.scale, x) * x.detach() - AlongChannels(grid.zero_point, x);
  return torch::clamp(torch::round(scaled), -half, half - 1).to(torch::kInt8);
}

torch::Tensor Decode(const torch::Tensor& codes, const UniformGrid& grid) {
  return (codes.to(grid.scale.scalar_type()) + AlongChannels(grid.zero_point, codes)) /
         AlongChannels(grid.scale, codes);
}

torch::Tensor FakeQuantize(const torch::Tensor& x, const UniformGrid& grid, bool overwrite) {
  if (grid.pass_through()) return x;
  if (ForWholeTensor(grid) && x.scalar_type() == torch::kFloat32 &&
      x.is_non_overlapping_and_dense() && (x.is_cpu() || x.is_cuda())) {
    return FakeQuantizeTensor(x, FakeGridOf(grid), overwrite);
  }
  return Decode(Encode(x, grid), grid);
}

bool ForWholeTensor(const UniformGrid& grid) {
  return !grid.pass_through() && grid.scale.dim() == 0 &&
         grid.scale.scalar_type() == torch::kFloat32;
}

FakeGrid FakeGridOf(const UniformGrid& grid) {
  return {grid.scale.item<float>(), grid.zero_point.item<float>(), grid.bits};
}

}  // namespace zerosweep
