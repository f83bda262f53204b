// A graph of ONNX while it is written: nodes, initializers, and names that are unique.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace onnx {
class ModelProto;
}

namespace zerosweep {

inline constexpr int kOnnxOpset = 21, kOnnxIr = 10;

class OnnxGraph {
 public:
  using Names = std::vector<std::string>;
  using Attribute = std::variant<int64_t, double, std::string, std::vector<int64_t>>;
  using Attributes = std::map<std::string, Attribute>;

  OnnxGraph();
  ~OnnxGraph();
  OnnxGraph(const OnnxGraph&) = delete;
  OnnxGraph& operator=(const OnnxGraph&) = delete;

  // `wanted`, or the first of wanted_2, wanted_3 … that no value has.
  std::string NewName(const std::string& wanted);

  // Appends a node and returns the names of its outputs, which are called after it. An empty input
  // is one that is left out.
  Names Node(const std::string& op, const std::string& name, const Names& inputs,
             const Attributes& attributes = {}, size_t outputs = 1);
  // The same for one output.
  std::string One(const std::string& op, const std::string& name, const Names& inputs,
                  const Attributes& attributes = {}) {
    return Node(op, name, inputs, attributes).front();
  }
  // A constant of type float32, int64, int32, int8 or uint8.
  std::string Constant(const std::string& name, const torch::Tensor& value);
  std::string Constant(const std::string& name, const std::vector<int64_t>& numbers);

  // Gives a node's output another name, for all readers.
  void Rename(const std::string& value, const std::string& name);

  // Values of float32 whose first dimension is the batch, "N".
  void Input(const std::string& name, const std::vector<int64_t>& shape);
  void Output(const std::string& name, const std::vector<int64_t>& shape);

  // The file. REQUIRES: an input and an output.
  std::string Bytes(const std::string& name, const std::map<std::string, std::string>& metadata);

 private:
  std::unique_ptr<onnx::ModelProto> model_;
  std::set<std::string> names_;
};

}  // namespace zerosweep
