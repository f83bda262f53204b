// What a trial's `method`, or `synthesizer` and `quantizer`, stand for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/catalogue.h"
#include "sweeps/parameters.h"
#include "sweeps/protocols.h"
#include "sweeps/yaml_tree.h"

namespace zerosweep {

// What a stage takes while it runs, as far as a sweep says so.
struct Resources {
  std::optional<int> threads;    // of its process
  std::optional<int> cpus;       // cores kept for it
  std::optional<bool> gpu;       // whether it requires one
  std::optional<double> memory;  // bytes
  std::optional<double> time;    // seconds that an attempt may last

  // `more` wins where both speak.
  void Override(const Resources& more);
};

// A synthesizer or quantizer as a sweep asks for it.
struct Part {
  const Json* declaration = nullptr;    // in the catalogue
  Json recipe_values = Json::object();  // set by the recipe
  Json given = Json::object();          // set by the sweep; parameters of the stage's kind included
  Resources resources;                  // from `resources:` inside the block
  std::string where;

  const std::string& name() const { return declaration->at("name").get_ref<const std::string&>(); }
};

struct Method {
  std::string name;                 // the recipe's, or "synthesizer+quantizer"
  std::optional<Part> synthesizer;  // none: the quantizer makes its own images (IsJoint)
  Part quantizer;
  std::string variant;         // given beside the recipe; may be empty
  std::string recipe_variant;  // the recipe's; may be empty
  std::optional<RecipeProtocol> recipe_protocol;
  std::string where;
};

// Those it has, in the order in which they run.
std::vector<const Part*> PartsOf(const Method& method);

// A synthesizer's or quantizer's own declaration and those of the stage kinds that take parameters
// from its block.
std::vector<const Json*> DeclarationsOf(const Json& part, const std::string& role,
                                        const Catalogue& catalogue);

// `zeroq`, or `{zeroq: {images: 256}}`. role: "synthesizer" or "quantizer". Throws kUsage.
Part ParsePart(const YamlNode& node, const std::string& role, const Catalogue& catalogue,
               ByProfile by_profile = ByProfile::kNo);

// `zeroq`, or `{recipe: genie, variant: code, synthesize: {…}, quantize: {…}}` (`reconstruct` is
// another word for `quantize`). Throws kUsage.
Method ParseMethod(const YamlNode& node, const Catalogue& catalogue);

// Any synthesizer with any quantizer that takes images. Throws kUsage.
Method CombineParts(const YamlNode& synthesizer, const YamlNode& quantizer,
                    const Catalogue& catalogue);

// `resources: {threads: 2, cpus: 4, gpus: 1, memory: 16GB}`, each optional. Throws kUsage.
Resources ParseResources(const YamlNode& node);

// `ranks: N` and `dtype: X` change a stage's name, so a value other than the usual one (1, float32)
// needs a stage kind that declares a parameter of that name. `kind` limits the question to one
// kind; empty: any. Throws kUsage.
void CheckExecution(const std::string& name, const YamlNode& node, const Catalogue& catalogue,
                    const std::string& kind = "");

// Throws kUsage at `ranks` when it asks for several and this part runs on one alone.
void CheckGroups(const Json& part, const std::string& role, const YamlNode& ranks,
                 const Catalogue& catalogue);

// Of "synthesizer" and "quantizer", those that a recipe has.
std::vector<std::string> RolesOf(const Json& recipe);

// The stage kind that runs a role: "synthesize", "quantize"; and the reverse.
std::string KindOfRole(const std::string& role);
std::string RoleOfKind(const std::string& kind);

// A recipe as sweeps/recipes/NAME.yaml holds it, checked as a sweep is:
//   {name, paper, summary, synthesizer: {zeroq: {…}}, quantizer: {minmax: {}}, protocol: zeroq,
//   variant: code}, without synthesizer where the quantizer is joint; protocol also by variant
// Returns {name, paper, summary, synthesizer: {name, params}, quantizer: {name, params}, protocol
// (see RecipeProtocol), variant}. Throws kUsage with file and line.
Json ParseRecipe(const YamlNode& root, const Catalogue& catalogue);

}  // namespace zerosweep
