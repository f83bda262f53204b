// A trained network as the methods see it: frozen, in float32, on the device of the stage.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

struct Teacher {
  Graph graph;  // no parameter requires a gradient
  std::string arch;
  std::string dataset;
  int classes = 0;
  std::vector<double> mean, std;  // its inputs are (x / 255 − mean) / std

  torch::TensorOptions options() const { return graph.Options(); }  // type and device
  torch::Device device() const { return options().device(); }
};

// The facts of a teacher, without its graph.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Teacher, arch, dataset, classes, mean, std)

}  // namespace zerosweep
