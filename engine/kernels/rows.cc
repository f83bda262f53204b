#include "engine/kernels/rows.h"

#include <ATen/Parallel.h>

#include <cstring>

#include "engine/kernels/clones.h"

namespace zerosweep {
namespace {

// Empty rows in the memory order of `of`.
torch::Tensor RowsLike(const torch::Tensor& of, int64_t count) {
  std::vector<int64_t> sizes = of.sizes().vec();
  sizes.front() = count;
  return torch::empty_strided(sizes, of.strides(), of.options());
}

bool InMemory(const torch::Tensor& of) {
  return of.is_cpu() && of.scalar_type() == torch::kFloat32 && of.is_non_overlapping_and_dense() &&
         of.stride(0) * of.size(0) == of.numel();
}

ZEROSWEEP_CLONES void MixSpan(float* __restrict chosen, const uint8_t* __restrict keep,
                              const float* __restrict others, int64_t count) {
  for (int64_t i = 0; i < count; ++i) chosen[i] = keep[i] != 0 ? chosen[i] : others[i];
}

}  // namespace

torch::Tensor SelectRows(const torch::Tensor& of, const torch::Tensor& indices) {
  if (!InMemory(of)) return of.index_select(0, indices);
  const torch::Tensor rows = RowsLike(of, indices.numel());
  const int64_t each = of.stride(0);
  const auto* from = of.const_data_ptr<float>();
  const auto* row = indices.const_data_ptr<int64_t>();
  auto* to = rows.mutable_data_ptr<float>();
  at::parallel_for(0, indices.numel(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      std::memcpy(to + i * each, from + row[i] * each, static_cast<size_t>(each) * sizeof(float));
  });
  return rows;
}

torch::Tensor MixRows(const torch::Tensor& chosen, const torch::Tensor& keep,
                      const torch::Tensor& others, const torch::Tensor& indices) {
  const bool alike = InMemory(chosen) && InMemory(others) && keep.strides() == chosen.strides() &&
                     others.strides() == chosen.strides();
  if (!alike) return torch::where(keep.to(torch::kBool), chosen, others.index_select(0, indices));
  const int64_t each = chosen.stride(0);
  auto* to = chosen.mutable_data_ptr<float>();
  const auto* mask = keep.const_data_ptr<uint8_t>();
  const auto* from = others.const_data_ptr<float>();
  const auto* row = indices.const_data_ptr<int64_t>();
  at::parallel_for(0, indices.numel(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      MixSpan(to + i * each, mask + i * each, from + row[i] * each, each);
  });
  return chosen;
}

}  // namespace zerosweep
