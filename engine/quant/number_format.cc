#include "engine/quant/number_format.h"

#include "base/error.h"
#include "engine/kernels/fake_quantizer.h"

namespace zerosweep {

namespace {

constexpr double kSmallestWidth = 1e-8;

void RequireBits(int bits) {
  if (bits < kMinBits || bits > kMaxBits) {
    Fail(ErrorKind::kUsage, "{} bits: a uniform grid has {} to {} bits, or {} for none", bits,
         kMinBits, kMaxBits, kPassThroughBits);
  }
}

void RequireFiniteRange(const torch::Tensor& end) {
  if (!torch::isfinite(end).all().item<bool>())
    FailTrial(Failure::kNonFinite, "the range to quantize is not finite");
}

}  // namespace

UniformGrid MakeUniformGrid(const torch::Tensor& lo, const torch::Tensor& hi, int bits) {
  if (bits == kPassThroughBits) return {};
  RequireBits(bits);
  RequireFiniteRange(lo);
  RequireFiniteRange(hi);
  UniformGrid grid;
  grid.bits = bits;
  grid.inverse_scale =
      static_cast<double>((1 << bits) - 1) / torch::clamp_min(hi - lo, kSmallestWidth);
  grid.offset = torch::round(grid.inverse_scale * lo) + static_cast<double>(1 << (bits - 1));
  return grid;
}

UniformGrid PerChannelMinMaxGrid(const torch::Tensor& weight, int bits) {
  const torch::Tensor rows = weight.detach().flatten(1);
  return MakeUniformGrid(rows.amin(1), rows.amax(1), bits);
}

UniformGrid PerChannelSymmetricGrid(const torch::Tensor& weight, int bits) {
  if (bits == kPassThroughBits) return {};
  RequireBits(bits);
  const torch::Tensor most = weight.detach().flatten(1).abs().amax(1);
  RequireFiniteRange(most);
  UniformGrid grid{.bits = bits, .offset = torch::zeros_like(most), .narrow = true};
  grid.inverse_scale =
      static_cast<double>(grid.high()) / torch::clamp_min(most, kSmallestWidth / 2);
  return grid;
}

torch::Tensor AlongChannels(const torch::Tensor& parameter, const torch::Tensor& x) {
  if (parameter.dim() == 0) return parameter;
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = parameter.size(0);
  return parameter.view(shape);
}

torch::Tensor Encode(const torch::Tensor& x, const UniformGrid& grid) {
  const torch::Tensor scaled =
      AlongChannels(grid.inverse_scale, x) * x.detach() - AlongChannels(grid.offset, x);
  return torch::clamp(torch::round(scaled), grid.low(), grid.high()).to(torch::kInt8);
}

torch::Tensor Decode(const torch::Tensor& codes, const UniformGrid& grid) {
  return (codes.to(grid.inverse_scale.scalar_type()) + AlongChannels(grid.offset, codes)) /
         AlongChannels(grid.inverse_scale, codes);
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
  return !grid.pass_through() && !grid.narrow && grid.inverse_scale.dim() == 0 &&
         grid.inverse_scale.scalar_type() == torch::kFloat32;
}

FakeGrid FakeGridOf(const UniformGrid& grid) {
  return {grid.inverse_scale.item<float>(), grid.offset.item<float>(), grid.bits};
}

}  // namespace zerosweep
