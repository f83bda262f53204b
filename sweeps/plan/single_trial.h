// A sweep of one trial without a file: turns the arguments of `zerosweep quantize` into the tree of
// a sweep file.
#pragma once

#include <string>
#include <vector>

#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct SingleTrial {
  std::string model;          // a shipped model's name, or a file
  std::string arch, dataset;  // of a file; empty: taken from its card
  std::string key;            // of a file: selects one of its state dicts; empty: the one that fits
  std::string method, bits;   // YAML, as in a sweep
  std::string profile;        // empty: the sweep's default
  int64_t seed = 0;
  std::vector<std::string> settings;  // "key=value": a trial key of a sweep (docs/sweeps.md), or
                                      // a parameter of the method: "synthesize.images=64"
};

// Builds the tree. Messages about it start with "MODEL", "--method", "--set KEY" …; its name is
// "quantize". `notes` receives those of ApplyOverride. Throws kUsage for invalid YAML, and for
// arch, dataset or key with a shipped model.
YamlNode TreeOf(const SingleTrial& trial, std::vector<std::string>* notes = nullptr);

// A sweep name unique to this trial: "quantize_<model>_<method>_<bits>_<8 of its id>".
// REQUIRES: the plan has one trial.
std::string NameOfSingle(const Plan& plan);

}  // namespace zerosweep
