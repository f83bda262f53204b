#include "tests/support/engine/fill.h"

namespace zerosweep {
namespace {

// The 32-bit FNV-1a hash.
uint32_t Fnv1a(const std::string& text) {
  uint32_t value = 0x811C9DC5;
  for (const char byte : text) value = (value ^ static_cast<unsigned char>(byte)) * 0x01000193;
  return value;
}

}  // namespace

// The finaliser of MurmurHash3 over a Weyl sequence that starts at the key.
torch::Tensor Filled(const std::string& key, const std::vector<int64_t>& shape, double low,
                     double high) {
  torch::Tensor tensor = torch::empty(shape);
  float* values = tensor.data_ptr<float>();
  const auto base = static_cast<float>(low), width = static_cast<float>(high - low);
  uint32_t counter = Fnv1a(key);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    counter += 0x9E3779B1;
    uint32_t x = counter;
    x = (x ^ (x >> 16)) * 0x85EBCA6B;
    x = (x ^ (x >> 13)) * 0xC2B2AE35;
    x ^= x >> 16;
    values[i] = base + width * (static_cast<float>(x >> 8) * 0x1p-24f);
  }
  return tensor;
}

torch::Tensor FilledDouble(const std::string& key, const std::vector<int64_t>& shape, double low,
                           double high) {
  return Filled(key, shape, low, high).to(torch::kFloat64);
}

torch::Tensor GoldenNumbers(const Json& values) {
  return torch::tensor(values.get<std::vector<double>>(), torch::kFloat64);
}

}  // namespace zerosweep
