// An exported network as an ONNX file with quantizers (QDQ): opset 21, IR 10.
//
// QuantizeLinear → Clip → DequantizeLinear (uint8) stands behind every tensor with a quantizer, and
// DequantizeLinear of int8 in front of every quantized weight, of int32 in front of a bias in steps.
// Runtimes fuse these with the operators between them; Clip keeps codes of fewer than 8 bits.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/export/exported_network.h"

namespace zerosweep {

// Whose rules say what runs as integers: those of onnxruntime 1.20 to 1.32, or of OpenVINO 2026.4.
// The file is for both, but for codes of fewer than 8 bits in front of an addition (HeldApart in
// onnx_export.cc), which onnxruntime would not fuse.
enum class Runtime { kOnnxruntime, kOpenvino };

// How a runtime computes an operator.
struct RunsAs {
  std::string op;  // of the graph
  std::string type;
  bool integers = false;
  std::string why;  // it stays in float
};

struct OnnxExport {
  std::string bytes;
  std::vector<RunsAs> operators;   // convolutions, linear layers and additions
  std::vector<std::string> codes;  // the file's names of them, by activation
};

// Throws kUsage for an operator that ONNX cannot express.
OnnxExport ExportOnnx(const ExportedNetwork& network,
                      const std::map<std::string, std::string>& metadata,
                      Runtime target = Runtime::kOnnxruntime);

}  // namespace zerosweep
