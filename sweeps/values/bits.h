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
  int64_t bucket = 0;                     // kMixed: of sizes, in bits; 0: exact
  std::map<std::string, int64_t> layers;  // kByLayer: weighted op → 2…8, or 32
  Json given = Json::object();            // kMixed: choices and bucket, where they were written
  Json measured = Json::object();         // kMixed: the given parameters of the stages that choose
  std::string name;                       // "w4a8", "wmp4a8", "w@first8a4" (from first8.json)

  bool mixed() const { return weights == Weights::kMixed; }
  // The number that tables sort by: w, or the mean over the layers.
  double MeanWidth() const;
  // What a quantize stage gets as `w_bits`: a number for one width, as ever.
  Json StageParam() const;
  // As the trial's configuration stores it.
  Json Config() const;
};

// The default choices (ZeroQ, Cai et al., CVPR 2020, section 3.2).
inline const std::vector<int64_t> kMixedChoices = {2, 4, 8};

// `w4a8`, `{w: 4, a: 8}`, `wmp4a8`, `{w: mp4, a: 8, choices: […], bucket: …, divergence: …}`,
// `{w: layers.json, a: 4}`. A file is looked for beside the sweep. Throws kUsage.
Bits ParseBits(const YamlNode& node, const Catalogue& catalogue,
               const std::filesystem::path& sweep_folder);

// Whether a trial's bits are those that a pattern asks for: of mixed precision, what the pattern
// leaves out may be anything.
bool BitsHold(const Bits& wanted, const Bits& actual);

}  // namespace zerosweep
