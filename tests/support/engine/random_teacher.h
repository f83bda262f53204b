// A network of a real architecture with random weights, for measuring time.
#pragma once

#include <string>

#include "engine/graph/teacher.h"
#include "engine/models/registry.h"
#include "engine/training/evaluate.h"

namespace zerosweep {

inline Teacher RandomTeacher(const std::string& arch, int64_t side) {
  torch::manual_seed(0);
  Teacher teacher{.graph = BuildModel(arch, 3, side, side, 10),
                  .arch = arch,
                  .dataset = "cifar10",
                  .classes = 10,
                  .mean = {0, 0, 0},
                  .std = {1, 1, 1}};
  for (Node& node : teacher.graph.nodes)
    for (auto& [name, tensor] : node.parameters)
      tensor = name == "running_var" ? torch::ones_like(tensor) : 0.1 * torch::randn_like(tensor);
  teacher.graph = ToChannelsLast(teacher.graph);
  return teacher;
}

}  // namespace zerosweep
