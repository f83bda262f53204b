// Trained weights into a built-in architecture.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

// Copies the weights of the tensors of a file (engine/import/state.h) into a graph that BuildModel
// made of `arch`, in whichever of its layouts and under whichever prefix they are; `key` chooses
// where several are there. Returns what a person should know: which were taken, what was ignored.
// Throws kUsage, naming `origin`, when none or several that differ fit, and as CopyWeights does;
// the built-in architectures that do fit are named.
std::vector<std::string> LoadWeights(Graph& graph, const std::string& arch,
                                     const std::map<std::string, torch::Tensor>& file,
                                     const std::string& origin, const std::string& key = "");

}  // namespace zerosweep
