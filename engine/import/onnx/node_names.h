// What the nodes of a network are called: as the modules of the user's model, where the file tells.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/import/onnx/onnx_file.h"

namespace zerosweep {

class OnnxNodeNames {
 public:
  explicit OnnxNodeNames(const std::vector<OnnxNode>& nodes);

  // "layer1.0.conv1" where a parameter is called "layer1.0.conv1.weight"; otherwise the module that
  // computes the node ("layer1.0.relu"), with the operator where that module holds others, too
  // ("layer1.0.add"); otherwise the node's own name or that of its output.
  std::string Of(const OnnxNode& node) const;

 private:
  std::set<std::string> holders_;  // modules that hold modules
};

}  // namespace zerosweep
