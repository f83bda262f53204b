// What files say of themselves, for messages: any bytes of any length.
#pragma once

#include <string>
#include <string_view>

namespace zerosweep {

// The name on one line of at most 120 characters, for messages.
std::string ShownName(std::string_view name);

// Of a Python stack trace, as PyTorch's exporters store it with a node, the innermost line that is
// not PyTorch's own: "model.py:12"; empty if there is none.
std::string LineOfTrace(std::string_view trace);

}  // namespace zerosweep
