// The bits of a trial: one width for all weights, mixed precision under a budget, or a width for
// each op from a file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {

struct Bits {
  enum class Weights { kUniform, kMixed, kByLayer };

  Weights weights = Weights::kUniform;
  int64_t w = 0;  // kUniform: 2…8, or 32 (full precision); kMixed: 2…8, the budget
  int64_t a = 0;  // of activations: 2…8, or 32
  std::vector<int64_t> choices;           // kMixed: ascending, within 2…8
  int64_t bucket = 0;                     // kMixed: width of a bucket of sizes, in bits; 0: exact
  std::map<std::string, int64_t> layers;  // kByLayer: weighted op → 2…8, or 32
  Json given = Json::object();            // kMixed: choices and bucket, if written
  Json measured = Json::object();  // kMixed: parameters given for the stages that choose the widths
  std::string name;                // "w4a8", "wmp4a8", "w@first8a4" (from first8.json)

  bool mixed() const { return weights == Weights::kMixed; }
  // The number by which tables sort: w, or the mean over the layers.
  double MeanWidth() const;
  // The `w_bits` of a quantize stage; a plain number for one width, as in earlier versions.
  Json StageParam() const;
  // The form that the trial's configuration stores.
  Json Config() const;
};

// The default choices (ZeroQ, Cai et al., CVPR 2020, section 3.2).
inline const std::vector<int64_t> kMixedChoices = {2, 4, 8};

// Parses `w4a8`, `{w: 4, a: 8}`, `wmp4a8`, `{w: mp4, a: 8, choices: […], bucket: …, divergence:
// …}`, `{w: layers.json, a: 4}`. A file is searched for next to the sweep. Throws kUsage.
Bits ParseBits(const YamlNode& node, const Catalogue& catalogue,
               const std::filesystem::path& sweep_folder);

// Whether a trial's bits match those of a pattern. For mixed precision, what the pattern leaves out
// matches anything.
bool BitsHold(const Bits& wanted, const Bits& actual);

}  // namespace zerosweep
