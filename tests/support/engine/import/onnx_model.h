// Small ONNX networks, written byte by byte, as the importer reads them.
#pragma once

#include <torch/types.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/import/onnx/onnx_lowering.h"
#include "tests/support/engine/import/onnx_bytes.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {

// TensorProto of a float32, int64 or bool tensor.
inline std::string OnnxTensor(const std::string& name, const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.contiguous();
  const int type = plain.scalar_type() == torch::kFloat32 ? onnx_bytes::kFloat
                   : plain.scalar_type() == torch::kInt64 ? onnx_bytes::kInt64
                                                          : onnx_bytes::kBool;
  return onnx_bytes::TensorHead(name, plain.sizes().vec(), type) +
         onnx_bytes::Bytes(
             9, std::string(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()));
}

// Numbers between −1 and 1 that differ.
inline torch::Tensor OnnxNumbers(const std::vector<int64_t>& shape, double start = 0) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return torch::sin(0.7 * torch::arange(count, torch::kFloat64) + start)
      .to(torch::kFloat32)
      .view(shape);
}

// A network with the input x, the output y and these nodes and constants.
struct OnnxModel {
  torch::Tensor x = OnnxNumbers({2, 4, 6, 6});
  std::vector<std::string> nodes = {};
  std::vector<std::pair<std::string, torch::Tensor>> constants = {};
  int64_t opset = 20;

  ImportedNetwork Read() const {
    const TempFolder folder;
    onnx_bytes::Parts parts{
        .nodes = nodes, .inputs = {onnx_bytes::Port("x", x.sizes().vec())}, .opset = opset};
    for (const auto& [name, tensor] : constants) {
      parts.initializers.push_back(OnnxTensor(name, tensor));
    }
    std::ofstream(folder / "net.onnx", std::ios::binary) << onnx_bytes::Model(parts);
    return ReadOnnx(folder / "net.onnx");
  }

  torch::Tensor Output() const {
    const torch::NoGradGuard no_grad;
    return zerosweep::Run(Read().graph, x.clone());
  }

  // The message of the refusal.
  std::string Refusal() const {
    try {
      Read();
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kUsage ? error.what()
                                               : std::string("not of kind usage: ") + error.what();
    }
    return "read";
  }
};

}  // namespace zerosweep
