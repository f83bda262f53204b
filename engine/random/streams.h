// Counter-based random numbers (Philox 4x32-10). There are only two kinds of stream: one equal on
// all ranks, and one for each global sample. A draw depends only on (seed, step, purpose, sample),
// never on how work is split.
#pragma once

#include <ATen/core/PhiloxRNGEngine.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <string_view>

namespace zerosweep {

// A sequence of draws. Cheap to make; for one thread.
class RandomSequence {
 public:
  RandomSequence(uint64_t key, uint64_t stream, uint64_t step) : engine_(key, stream, step << 32) {}

  uint32_t Bits() { return engine_(); }
  // In [0, 1), 24 bits.
  float Uniform() { return static_cast<float>(Bits() >> 8) * 0x1p-24f; }
  // In [0, n), without bias. REQUIRES: n > 0.
  uint32_t Below(uint32_t n);
  // Standard normal (Box and Muller, 1958; computed in double).
  float Normal();

 private:
  at::Philox4_32 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

class RandomStreams {
 public:
  explicit RandomStreams(uint64_t seed) : seed_(seed) {}

  // Returns the sequence that is equal on all ranks: class choice, shared crops, coin flips.
  RandomSequence Shared(uint64_t step, std::string_view purpose) const;
  // Returns the sequence of one sample of the global batch: latents, labels, augmentation, initial
  // images.
  RandomSequence ForSample(uint64_t step, std::string_view purpose, uint64_t global_sample) const;

  // Returns a float32 tensor whose first dimension counts samples first_sample, first_sample + 1,
  // …, each filled with draws from its own sequence.
  torch::Tensor FillForSamples(uint64_t step, std::string_view purpose, at::IntArrayRef shape,
                               uint64_t first_sample,
                               const std::function<float(RandomSequence&)>& draw) const;
  torch::Tensor NormalForSamples(uint64_t step, std::string_view purpose, at::IntArrayRef shape,
                                 uint64_t first_sample = 0) const;

  // Returns, for each element of a batch like `like` (first dimension: samples first_sample, …), 1
  // with probability p, otherwise 0. The result is uint8, of `like`'s shape and layout; REQUIRES a
  // layout in which samples are outermost. p is rounded to 256ths.
  torch::Tensor KeepForSamples(uint64_t step, std::string_view purpose, const torch::Tensor& like,
                               double p, uint64_t first_sample = 0) const;

  // Returns a permutation of 0 … n−1 (Fisher and Yates), int64.
  torch::Tensor Permutation(uint64_t step, std::string_view purpose, uint32_t n) const;

 private:
  uint64_t seed_;
};

}  // namespace zerosweep
