// A safetensors file of float tensors, as bytes.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

inline std::string TensorBytes(const std::map<std::string, std::vector<float>>& tensors) {
  Json header = Json::object();
  std::string data;
  for (const auto& [name, values] : tensors) {
    const size_t begin = data.size();
    data.resize(begin + values.size() * sizeof(float));
    std::memcpy(data.data() + begin, values.data(), values.size() * sizeof(float));
    header[name] = {
        {"dtype", "F32"}, {"shape", {values.size()}}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(text.size() >> (8 * i) & 0xff));
  return bytes + text + data;
}

}  // namespace zerosweep
