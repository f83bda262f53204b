// Loads trained weights into a built-in architecture.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

// Copies the weights from a file's tensors (engine/import/state.h) into a graph that BuildModel
// made of `arch`. It tries all of the architecture's layouts and all prefixes; `key` chooses if
// several fit. Returns information for the user: which weights were taken, and what was ignored.
// Throws kUsage, naming `origin`, when none or several different ones fit, and as CopyWeights does;
// the message names the built-in architectures that do fit.
std::vector<std::string> LoadWeights(Graph& graph, const std::string& arch,
                                     const std::map<std::string, torch::Tensor>& file,
                                     const std::string& origin, const std::string& key = "");

}  // namespace zerosweep
