#include "engine/random/streams.h"

#include <ATen/Parallel.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

namespace zerosweep {
namespace {

// FNV-1a of the purpose, mixed with the seed by the finaliser of SplitMix64: nearby seeds give
// unrelated keys.
uint64_t Key(uint64_t seed, std::string_view purpose) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  uint64_t z = hash + (seed + 1) * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Writes the bits, from the lowest on, as bytes of 0 or 1: eight at a time, each in its own byte of
// a word, and from there to the lowest place.
void FairCoins(uint32_t bits, uint8_t* to) {
  static_assert(std::endian::native == std::endian::little);
  for (int byte = 0; byte < 4; ++byte) {
    const uint64_t copies = ((bits >> (8 * byte)) & 0xff) * 0x0101010101010101ULL;
    const uint64_t own = copies & 0x8040201008040201ULL;
    const uint64_t coins = ((own + 0x7f7f7f7f7f7f7f7fULL) >> 7) & 0x0101010101010101ULL;
    std::memcpy(to + 8 * byte, &coins, sizeof coins);
  }
}

}  // namespace

uint32_t RandomSequence::Below(uint32_t n) {
  const uint32_t rejected = (0u - n) % n;  // 2^32 mod n
  uint32_t bits = Bits();
  while (bits < rejected) bits = Bits();
  return bits % n;
}

float RandomSequence::Normal() {
  if (has_spare_) {
    has_spare_ = false;
    return static_cast<float>(spare_);
  }
  const double u = (static_cast<double>(Bits()) + 1.0) * 0x1p-32;  // (0, 1]
  const double v = static_cast<double>(Bits()) * 0x1p-32;
  const double radius = std::sqrt(-2.0 * std::log(u));
  const double angle = 2.0 * std::numbers::pi * v;
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return static_cast<float>(radius * std::cos(angle));
}

RandomSequence RandomStreams::Shared(uint64_t step, std::string_view purpose) const {
  return {Key(seed_, purpose), 0, step};
}

RandomSequence RandomStreams::ForSample(uint64_t step, std::string_view purpose,
                                        uint64_t global_sample) const {
  return {Key(seed_, purpose), global_sample + 1, step};
}

torch::Tensor RandomStreams::FillForSamples(
    uint64_t step, std::string_view purpose, at::IntArrayRef shape, uint64_t first_sample,
    const std::function<float(RandomSequence&)>& draw) const {
  torch::Tensor out = torch::empty(shape, torch::kFloat32);
  const int64_t samples = shape.front();
  const int64_t each = samples == 0 ? 0 : out.numel() / samples;
  float* values = out.data_ptr<float>();
  for (int64_t i = 0; i < samples; ++i) {
    RandomSequence sequence = ForSample(step, purpose, first_sample + static_cast<uint64_t>(i));
    for (int64_t j = 0; j < each; ++j) *values++ = draw(sequence);
  }
  return out;
}

torch::Tensor RandomStreams::NormalForSamples(uint64_t step, std::string_view purpose,
                                              at::IntArrayRef shape, uint64_t first_sample) const {
  return FillForSamples(step, purpose, shape, first_sample,
                        [](RandomSequence& sequence) { return sequence.Normal(); });
}

torch::Tensor RandomStreams::KeepForSamples(uint64_t step, std::string_view purpose,
                                            const torch::Tensor& like, double p,
                                            uint64_t first_sample) const {
  const auto threshold = static_cast<uint32_t>(std::lround(p * 256));
  torch::Tensor keep =
      torch::empty_like(like, like.options().dtype(torch::kUInt8).device(at::kCPU));
  const int64_t samples = like.size(0);
  const int64_t each = samples == 0 ? 0 : like.numel() / samples;
  at::parallel_for(0, samples, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      RandomSequence sequence = ForSample(step, purpose, first_sample + static_cast<uint64_t>(i));
      uint8_t* to = keep.mutable_data_ptr<uint8_t>() + i * each;
      int64_t j = 0;
      if (threshold == 128) {  // a fair coin takes one random bit, any other eight
        for (; j + 32 <= each; j += 32) FairCoins(sequence.Bits(), to + j);
        uint32_t bits = j < each ? sequence.Bits() : 0;
        for (; j < each; ++j, bits >>= 1) to[j] = bits & 1;
      }
      while (j < each) {
        uint32_t bits = sequence.Bits();
        for (int used = 0; used < 4 && j < each; ++used, ++j, bits >>= 8)
          to[j] = (bits & 255) < threshold;
      }
    }
  });
  return keep.to(like.device());
}

torch::Tensor RandomStreams::Permutation(uint64_t step, std::string_view purpose,
                                         uint32_t n) const {
  torch::Tensor out = torch::arange(static_cast<int64_t>(n), torch::kInt64);
  int64_t* order = out.data_ptr<int64_t>();
  RandomSequence sequence = Shared(step, purpose);
  for (uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[sequence.Below(i)]);
  return out;
}

}  // namespace zerosweep
