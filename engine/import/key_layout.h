// The names under which other programs save the weights of a network: rules that rewrite the keys
// of a checkpoint into those of a graph.
#pragma once

#include <torch/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

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

// Whether any of the patterns matches all of `key`.
bool MatchesAny(const std::vector<std::string>& patterns, const std::string& key);

// The graph's key for one of the layout's; nothing for one that inference does not need.
std::optional<std::string> GraphKey(const KeyLayout& layout, const std::string& key);

}  // namespace zerosweep
