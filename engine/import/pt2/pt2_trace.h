// The module that a node of a program comes from, as torch.export notes it.
#pragma once

#include <string>
#include <string_view>

namespace zerosweep {

struct ModuleFrame {
  std::string path;       // "layer1.0"; empty if unknown
  bool of_torch = false;  // whether its class is one of torch.nn
};

// Of "L__self__,,net.M;L__self__layer1,layer1,torch.nn.modules.activation.ReLU", the last module.
ModuleFrame ModuleOf(std::string_view module_stack);

}  // namespace zerosweep
