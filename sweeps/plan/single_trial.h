// A sweep of one trial without a file: turns the arguments of `zerosweep quantize` into the tree of
// a sweep file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct SingleTrial {
  std::string model;          // a shipped model's name, or a file
  std::string arch, dataset;  // of a file; empty: taken from its card
  std::string key;            // of a file: selects one of its state dicts; empty: the one that fits
  std::vector<int64_t> input_shape;  // of a file: C, H, W; empty: as it says
  std::vector<double> mean, std;     // of a file: its normalisation; empty: as its card says
  std::string method, bits;          // YAML, as in a sweep
  std::string profile;               // empty: the sweep's default
  int64_t seed = 0;
  std::optional<int64_t> images;      // that are synthesized; absent: as the method has it
  std::string exclude;                // the protocol's field; empty: none
  std::vector<std::string> settings;  // "key=value": a trial key of a sweep (docs/sweeps.md), or
                                      // a parameter of the method: "synthesize.images=64"
};

// Builds the tree. Messages about it start with "MODEL", "--method", "--set KEY" …; its name is
// "quantize". `notes` receives those of ApplyOverride. Throws kUsage for invalid YAML, and for
// what describes a file with a shipped model.
YamlNode TreeOf(const SingleTrial& trial, std::vector<std::string>* notes = nullptr);

// A sweep name unique to this trial: "quantize_<model>_<method>_<bits>_<8 of its id>".
// REQUIRES: the plan has one trial.
std::string NameOfSingle(const Plan& plan);

}  // namespace zerosweep
