// Where in a file the weights of a network lie. Programs put them into dictionaries ("state_dict",
// "model", "ema") and wrappers put words before their keys ("module.", "_orig_mod.", "backbone."):
// in the full names of a file's tensors (state.h) all of them are one prefix.
#pragma once

#include <torch/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/import/key_layout.h"

namespace zerosweep {

// The tensors under one prefix that are the network's.
struct WeightFit {
  std::string prefix;                        // "", "state_dict.", "ema.module."
  std::map<std::string, std::string> names;  // the graph's key → the full name in the file; without
                                             // those that are zero because they are absent
  std::vector<std::string> ignored;    // under the prefix, but no parameter's: "total_ops"
  std::vector<std::string> elsewhere;  // under other prefixes
};

// Why the tensors under a prefix are not.
struct WeightMisfit {
  std::string prefix;
  size_t present = 0;          // parameters that are there
  size_t matching = 0;         // in the right shape
  std::string defect;          // the first: "'bn.bias' [2] is missing (and 3 others)"
  bool other_shapes = false;   // a parameter is there in another shape
  bool other_classes = false;  // in all that differ the number of classes does, and nothing else
};

// The key that chooses the tensors in no dictionary where some in one fit too.
inline constexpr const char* kTopLevel = ".";

struct WeightSearch {
  std::vector<WeightFit> fits;          // shortest prefix first
  std::optional<WeightMisfit> nearest;  // with the most matching parameters; of those where at
                                        // least half are present
};

// Looks under every prefix, or under `key` alone ("ema": that dictionary, and whatever wrapper is
// inside it). `any_classes`: the classifier may have any number of outputs. A key that is no
// parameter's is ignored, unless it is named and shaped as one: then a larger network is there.
WeightSearch FindWeights(const Graph& graph, const std::map<std::string, torch::Tensor>& file,
                         const std::vector<KeyLayout>& layouts, const std::string& key = "",
                         bool any_classes = false);

// Copies the weights of a fit into the graph. Throws kUsage, naming the tensor as the file does,
// for numbers that are not finite, also once they are float32, and for negative variances.
void CopyWeights(const WeightFit& fit, const std::map<std::string, torch::Tensor>& file,
                 Graph& graph, const std::string& origin);

}  // namespace zerosweep
