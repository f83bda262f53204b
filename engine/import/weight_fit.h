// Finds the weights of a network in a file. Programs put them into dictionaries ("state_dict",
// "model", "ema"), and wrappers add words before their keys ("module.", "_orig_mod.", "backbone.").
// In the full names of a file's tensors (state.h) all of these form one prefix.
#pragma once

#include <torch/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/import/key_layout.h"

namespace zerosweep {

// The network's tensors under one prefix.
struct WeightFit {
  std::string prefix;                        // "", "state_dict.", "ema.module."
  std::map<std::string, std::string> names;  // the graph's key → the full name in the file; without
                                             // those that are zero because they are absent
  std::vector<std::string> ignored;          // under the prefix, but no parameter's: "total_ops"
  std::vector<std::string> elsewhere;        // under other prefixes
};

// Why the tensors under a prefix do not fit.
struct WeightMisfit {
  std::string prefix;
  size_t present = 0;          // parameters that are there
  size_t matching = 0;         // of these, in the right shape
  std::string defect;          // the first: "'bn.bias' [2] is missing (and 3 others)"
  bool other_shapes = false;   // a parameter is there in another shape
  bool other_classes = false;  // all differences are in the number of classes
};

// The key that chooses the tensors outside all dictionaries when some inside one fit too.
inline constexpr const char* kTopLevel = ".";

struct WeightSearch {
  std::vector<WeightFit> fits;          // shortest prefix first
  std::optional<WeightMisfit> nearest;  // with the most matching parameters, if at least half
                                        // of all parameters are present
};

// Searches every prefix, or only `key` ("ema": that dictionary, and any wrapper inside it).
// `any_classes`: the classifier may have any number of outputs. A key that is no parameter's is
// ignored, unless its name and shape are those of a parameter: then the file holds a larger
// network.
WeightSearch FindWeights(const Graph& graph, const std::map<std::string, torch::Tensor>& file,
                         const std::vector<KeyLayout>& layouts, const std::string& key = "",
                         bool any_classes = false);

// Copies the weights of a fit into the graph. Throws kUsage, naming the tensor as the file does,
// for negative variances and for numbers that are not finite, before or after the conversion to
// float32.
void CopyWeights(const WeightFit& fit, const std::map<std::string, torch::Tensor>& file,
                 Graph& graph, const std::string& origin);

}  // namespace zerosweep
