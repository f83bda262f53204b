// The names that other programs give to the weights of a network: rules that rewrite the keys of a
// checkpoint into those of a graph.
#pragma once

#include <torch/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

// "features.stage#.unit#.conv.*" → "layer{1}.{2-1}.conv.{3}". In the pattern, # matches a number,
// and a * at the end matches the rest. In the replacement, {i} is the text of the i-th match; {i-1}
// and {i+1} are that number minus or plus one.
struct KeyRule {
  std::string pattern;
  std::string replacement;
};

// Returns the key that the rule makes of `key`, or nothing if the pattern does not match all of it.
std::optional<std::string> Rewrite(const KeyRule& rule, const std::string& key);

// How one program names the weights of one architecture.
struct KeyLayout {
  std::string name;                 // "torchvision", "pytorchcv", "brecq"
  std::string marker;               // a key that only this layout has
  std::vector<KeyRule> rules = {};  // the first match rewrites a key; without a match the key stays
  std::vector<std::string> unused = {};  // patterns of keys that inference does not need
  std::vector<std::string> zeros = {};   // patterns of the graph's keys that are zero if absent
};

// Whether any of the patterns matches all of `key`.
bool MatchesAny(const std::vector<std::string>& patterns, const std::string& key);

// Returns the graph's key for a key of the layout, or nothing for one that inference does not need.
std::optional<std::string> GraphKey(const KeyLayout& layout, const std::string& key);

}  // namespace zerosweep
