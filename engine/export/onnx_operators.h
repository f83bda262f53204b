// How operators (engine/graph/operators.h) are written as ONNX, but for convolutions and linear
// layers, whose weights may be integers.
#pragma once

#include <string>
#include <vector>

#include "engine/export/onnx_graph.h"
#include "engine/graph/graph.h"

namespace zerosweep {

// A node of the engine's graph that is to be written.
struct WrittenNode {
  const Node& node;
  std::vector<std::string> inputs;    // names of values in `onnx`
  std::vector<int64_t> input_shape;   // of the first, for one image
  std::vector<int64_t> output_shape;  // likewise
  OnnxGraph& onnx;
};

// Appends what computes the node, and returns the names of its outputs. Throws kUsage for an
// operator with settings that ONNX cannot express. REQUIRES: not weighted, not kInput.
std::vector<std::string> WriteOperator(const WrittenNode& written);

// Attributes of ONNX's Conv, MaxPool and AveragePool: kernel_shape, strides, pads, dilations.
OnnxGraph::Attributes WindowAttributes(const Node& node, const std::vector<int64_t>& kernel,
                                       const std::vector<int64_t>& stride);

}  // namespace zerosweep
