// A trained network as the methods see it: frozen, in float32, on the device of the stage.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

struct Teacher {
  Graph graph;  // no parameter requires a gradient
  std::string arch;
  std::string dataset;
  int classes = 0;
  std::vector<double> mean, std;  // of (x / 255 − mean) / std, as it was trained

  torch::Device device() const { return graph.nodes.at(1).parameters.begin()->second.device(); }
};

}  // namespace zerosweep
