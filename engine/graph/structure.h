// A graph as JSON, without its parameters: how an imported network is kept.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "base/json.h"
#include "engine/graph/graph.h"

namespace zerosweep {

// {"input_shape": […], "nodes": [{"name", "op", "inputs": [[node, output], …], "attributes",
// "parameters": ["weight", …]}, …], "output": [node, output]}; what is empty is left out.
Json StructureOf(const Graph& graph);

// The graph of that structure with the parameters of `state` (StateOf). Throws kUsage, naming
// `origin`, when the structure is damaged or a parameter is missing.
Graph GraphOf(const Json& structure, const std::map<std::string, torch::Tensor>& state,
              const std::string& origin);

}  // namespace zerosweep
