// A CIFAR-10 folder and the weights of a ResNet-20, made without LibTorch: enough for the programs
// to run a whole sweep in seconds.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// Reproducible bytes and numbers (xorshift64*).
class Fill {
 public:
  explicit Fill(uint64_t seed) : state_(seed * 2654435761U + 1) {}
  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 2685821657736338717U;
  }
  float Uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(Next() >> 40) / static_cast<float>(1 << 24);
  }

 private:
  uint64_t state_;
};

inline void WriteBytes(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

// Writes `records` records of one label byte and 3 × 32 × 32 pixels.
inline void WriteCifarBatch(const std::filesystem::path& path, int records, uint64_t seed) {
  Fill fill(seed);
  std::string bytes;
  for (int r = 0; r < records; ++r) {
    bytes.push_back(static_cast<char>(r % 10));
    for (int i = 0; i < 3072; ++i) bytes.push_back(static_cast<char>(fill.Next() >> 56));
  }
  WriteBytes(path, bytes);
}

// The tensors of one network in the safetensors format: 8 bytes of header length (little-endian), a
// JSON header, the data.
class TinyWeights {
 public:
  // A ResNet-20 of the CIFAR kind whose last layer has `classes` outputs.
  explicit TinyWeights(int classes = 10, uint64_t seed = 1) : fill_(seed) {
    Convolution("conv1", 16, 3);
    BatchNorm("bn1", 16);
    int channels = 16;
    for (int layer = 1; layer <= 3; ++layer) {
      for (int block = 0; block < 3; ++block) {
        const std::string name = "layer" + std::to_string(layer) + "." + std::to_string(block);
        const int out = 16 << (layer - 1);
        Convolution(name + ".conv1", out, channels);
        BatchNorm(name + ".bn1", out);
        Convolution(name + ".conv2", out, out);
        BatchNorm(name + ".bn2", out);
        channels = out;
      }
    }
    Tensor("linear.weight", {classes, 64}, -0.3F, 0.3F);
    Tensor("linear.bias", {classes}, -0.1F, 0.1F);
  }

  std::string Bytes() const {
    const std::string header = header_.dump();
    const uint64_t size = header.size();
    std::string bytes(sizeof size, '\0');
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes + header + data_;
  }

 private:
  void Convolution(const std::string& name, int out, int in) {
    const float bound = 1.0F / static_cast<float>(in);
    Tensor(name + ".weight", {out, in, 3, 3}, -bound, bound);
  }
  void BatchNorm(const std::string& name, int channels) {
    Tensor(name + ".weight", {channels}, 0.5F, 1.5F);
    Tensor(name + ".bias", {channels}, -0.2F, 0.2F);
    Tensor(name + ".running_mean", {channels}, -0.2F, 0.2F);
    Tensor(name + ".running_var", {channels}, 0.5F, 1.5F);
  }
  void Tensor(const std::string& name, const std::vector<int>& shape, float low, float high) {
    size_t count = 1;
    for (const int extent : shape) count *= static_cast<size_t>(extent);
    const size_t begin = data_.size();
    for (size_t i = 0; i < count; ++i) {
      const float value = fill_.Uniform(low, high);
      data_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    header_[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data_.size()}}};
  }

  Fill fill_;
  Json header_ = Json::object();
  std::string data_;
};

}  // namespace zerosweep
