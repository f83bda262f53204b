// What `method`, or `synthesizer` and `quantizer`, mean in a trial.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/values/catalogue.h"
#include "sweeps/values/parameters.h"
#include "sweeps/values/protocols.h"

namespace zerosweep {

// Resources of a stage while it runs, as far as a sweep gives them.
struct Resources {
  std::optional<int> threads;    // of its process
  std::optional<int> cpus;       // cores kept for it
  std::optional<bool> gpu;       // whether it requires a GPU
  std::optional<double> memory;  // bytes
  std::optional<double> time;    // seconds that an attempt may last

  // `more` wins where both give a value.
  void Override(const Resources& more);
};

// A synthesizer or quantizer as a sweep requests it.
struct Part {
  const Declaration* declaration = nullptr;  // in the catalogue
  Json recipe_values = Json::object();       // set by the recipe
  Json given = Json::object();               // set by the sweep; parameters of stage kinds included
  Resources resources;                       // from `resources:` inside the block
  std::string where;

  const std::string& name() const { return declaration->name; }
};

struct Method {
  std::string name;                 // the recipe's, or "synthesizer+quantizer"
  std::optional<Part> synthesizer;  // absent: the quantizer makes its own images
  Part quantizer;
  std::string variant;             // given with the recipe; may be empty
  const Recipe* recipe = nullptr;  // in the catalogue; null for a pair of parts
  std::string where;

  // The parts that it has, in the order in which they run.
  std::vector<const Part*> Parts() const;
};

// A part's own declaration, then those of the stage kinds that take parameters from its block.
std::vector<const Declaration*> DeclarationsOf(const Declaration& part, Role role,
                                               const Catalogue& catalogue);

// `zeroq`, or `{zeroq: {images: 256}}`. Throws kUsage.
Part ParsePart(const YamlNode& node, Role role, const Catalogue& catalogue,
               ByProfile by_profile = ByProfile::kNo);

// `zeroq`, or `{recipe: genie, variant: code, synthesize: {…}, quantize: {…}}` (`reconstruct` is
// another word for `quantize`). Throws kUsage.
Method ParseMethod(const YamlNode& node, const Catalogue& catalogue);

// Combines any synthesizer with any quantizer that takes images. Throws kUsage.
Method CombineParts(Part synthesizer, Part quantizer);

// `resources: {threads: 2, cpus: 4, gpus: 1, memory: 16GB}`, each optional. Throws kUsage.
Resources ParseResources(const YamlNode& node);

// Checks `ranks: N`. As ranks change a stage's name, more than one needs a stage kind that declares
// the parameter, in `params`. Throws kUsage.
void CheckRanks(const YamlNode& node, const ParamSpecs& params);

// Throws kUsage at `ranks` when it asks for several ranks but the part runs on one alone.
void CheckGroups(const Declaration& part, Role role, const YamlNode& ranks,
                 const Catalogue& catalogue);

// Parses a recipe in the form of sweeps/recipes/NAME.yaml, checked as a sweep is:
//   {name, paper, summary, synthesizer: {zeroq: {…}}, quantizer: {minmax: {}}, protocol: zeroq,
//   variant: code}
// A recipe has no synthesizer where the quantizer is joint. The protocol may be given by variant.
// Throws kUsage with file and line.
Recipe ParseRecipe(const YamlNode& root, const Catalogue& catalogue);

}  // namespace zerosweep
