// Names in ONNX files are any bytes of any length.
#pragma once

#include <string>
#include <string_view>

namespace zerosweep {

// The name on one line of at most 120 characters, for messages.
std::string ShownName(std::string_view name);

// Of a stack trace as torch.onnx.export stores it (pkg.torch.onnx.stack_trace), the innermost line
// that is not PyTorch's own: "model.py:12"; empty if there is none.
std::string LineOfTrace(std::string_view trace);

}  // namespace zerosweep
