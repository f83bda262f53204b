// The names under which other programs save the weights of a network: rules that rewrite the keys
// of a checkpoint into those of a graph.
#pragma once

#include <torch/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

// "features.stage#.unit#.conv.*" → "layer{1}.{2-1}.conv.{3}". In the pattern, # stands for a number
// and a * at the end for the rest; in the replacement, {i} is what the i-th of them matched, and
// {i-1}, {i+1} are that number less or more one.
struct KeyRule {
  std::string pattern;
  std::string replacement;
};

// The key that the rule makes of `key`, or nothing where the pattern does not match all of it.
std::optional<std::string> Rewrite(const KeyRule& rule, const std::string& key);

// How one program names the weights of one architecture.
struct KeyLayout {
  std::string name;                      // "torchvision", "pytorchcv", "brecq"
  std::string marker;                    // a key that only this layout has
  std::vector<KeyRule> rules = {};       // the first that matches rewrites; a key without stays
  std::vector<std::string> unused = {};  // patterns of keys that inference does not need
  std::vector<std::string> zeros = {};   // patterns of the graph's keys that are zero if absent
};

// Copies `state` into the parameters of `graph`, an `arch`. The layout is the one whose marker is
// among the keys; layouts later in the list are asked first, and the first of them, whose keys are
// the graph's own, last. Throws kUsage naming `origin` when the state is of none of the layouts,
// when two keys become one, and as LoadState does.
void LoadState(Graph& graph, const std::map<std::string, torch::Tensor>& state,
               const std::vector<KeyLayout>& layouts, const std::string& arch,
               const std::string& origin);

}  // namespace zerosweep
