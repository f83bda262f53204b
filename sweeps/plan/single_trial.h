// A sweep of one trial that no file holds: what `zerosweep quantize` was told, as the tree that a
// sweep file would give.
#pragma once

#include <string>
#include <vector>

#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct SingleTrial {
  std::string model;          // a shipped model's name, or a file
  std::string arch, dataset;  // of a file; empty: its card says them
  std::string key;            // of a file: which of its state dicts; empty: the one that fits
  std::string method, bits;   // YAML, as in a sweep
  std::string profile;        // empty: the sweep's default
  int64_t seed = 0;
  std::vector<std::string> settings;  // "key=value": a trial key of a sweep (docs/sweeps.md), or
                                      // anything else of the method: "synthesize.images=64"
};

// Messages about the tree start with "MODEL", "--method", "--set KEY" … Its name is "quantize".
// Throws kUsage for what is no YAML, and for arch or dataset beside a shipped model.
YamlNode TreeOf(const SingleTrial& trial, std::vector<std::string>* notes = nullptr);

// A sweep's name that is this trial's alone: "quantize_<model>_<method>_<bits>_<8 of its id>".
// REQUIRES: the plan has one trial.
std::string NameOfSingle(const Plan& plan);

}  // namespace zerosweep
