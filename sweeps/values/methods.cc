#include "sweeps/values/methods.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "sweeps/values/parameters.h"

namespace zerosweep {
namespace {

const std::vector<std::string> kAnywhere = {"ranks", "resources"};

// Fills in what the block under a part's name gives.
void ParseBlock(const YamlNode& block, Role role, const Catalogue& catalogue, Part& part,
                ByProfile by_profile = ByProfile::kNo) {
  part.given = CheckedBlock(ParamsOf(DeclarationsOf(*part.declaration, role, catalogue)), block,
                            part.name(), kAnywhere, by_profile);
  if (const YamlNode* ranks = block.Find("ranks")) {
    CheckRanks(*ranks, ParamsOf({&catalogue.KindThatRuns(role)}));
    CheckGroups(*part.declaration, role, *ranks, catalogue);
  }
  if (const YamlNode* resources = block.Find("resources")) {
    part.resources = ParseResources(*resources);
  }
}

Part PartOfRecipe(const Recipe& recipe, Role role, const Catalogue& catalogue,
                  const std::string& where) {
  const RecipePart& part = recipe.Part(role);
  return {.declaration = &catalogue.Get(role, part.name, where),
          .recipe_values = part.params,
          .where = where};
}

const Recipe& GetRecipe(const YamlNode& node, const Catalogue& catalogue) {
  const std::string& name = RequireWord(node, "method");
  if (const Recipe* recipe = catalogue.FindRecipe(name)) return *recipe;
  FailAt(node.where, "unknown method '{}'{}", name, Suggestion(name, catalogue.RecipeNames()));
}

// Parses a positive number with one of the units: "512MB", "16 GiB". Throws kUsage with a message
// that it must be `form`.
double ParseQuantity(const YamlNode& node, const std::string& label,
                     const std::map<std::string, double>& units, const char* form) {
  const std::string& word = RequireWord(node, label);
  char* end = nullptr;
  const double number = std::strtod(word.c_str(), &end);
  while (*end == ' ') ++end;
  const auto unit = units.find(end);
  if (unit == units.end() || !(number > 0) || !std::isfinite(number))
    FailAt(node.where, "{} is {}, must be {}", label, node.Shown(), form);
  return number * unit->second;
}

double ParseMemory(const YamlNode& node) {
  static const std::map<std::string, double> kUnits = {
      {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
  return ParseQuantity(node, "resources.memory", kUnits, "a size with its unit: 16GB");
}

double ParseTime(const YamlNode& node) {
  static const std::map<std::string, double> kUnits = {
      {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  return ParseQuantity(node, "resources.time", kUnits, "a time with its unit: 90s, 30m, 2h, 1d");
}

RecipePart ParseRecipePart(const YamlNode& node, Role role, const Catalogue& catalogue) {
  const Part part = ParsePart(node, role, catalogue, ByProfile::kAllowed);
  return {part.name(), part.given};
}

std::string WordOr(const YamlNode& root, const char* key, const std::string& otherwise) {
  const YamlNode* node = root.Find(key);
  return node != nullptr ? RequireWord(*node, key) : otherwise;
}

}  // namespace

std::vector<const Part*> Method::Parts() const {
  std::vector<const Part*> parts;
  if (synthesizer) parts.push_back(&*synthesizer);
  parts.push_back(&quantizer);
  return parts;
}

std::vector<const Declaration*> DeclarationsOf(const Declaration& part, Role role,
                                               const Catalogue& catalogue) {
  std::vector<const Declaration*> declarations = {&part};
  const auto block =
      role == Role::kSynthesizer ? KindFacts::SetBy::kSynthesizer : KindFacts::SetBy::kQuantizer;
  for (const Declaration* kind : catalogue.KindsSetBy(block)) {
    const bool only_needed = kind->kind().presence == KindFacts::Presence::kNeeded;
    if (!only_needed || part.Needs(kind->kind().provides)) declarations.push_back(kind);
  }
  return declarations;
}

void CheckRanks(const YamlNode& node, const ParamSpecs& params) {
  if (const ParamSpec* param = FindParam(params, "ranks")) {
    CheckedValue(*param, node, "ranks");
  } else if (node.ToJson() != 1) {
    FailAt(node.where, "ranks is {}, but this version has only 1", node.Shown());
  }
}

void CheckGroups(const Declaration& part, Role role, const YamlNode& ranks,
                 const Catalogue& catalogue) {
  if (part.method().groups || ranks.ToJson() == 1) return;
  std::vector<std::string> able;
  for (const Declaration& other : catalogue.Of(role))
    if (other.method().groups) able.push_back(other.name);
  FailAt(ranks.where, "ranks is {}, but {} runs on one rank ({})", ranks.Shown(), part.name,
         able.empty() ? fmt::format("as every {} does", ToString(role))
                      : fmt::format("on several run: {}", Join(able, ", ")));
}

void Resources::Override(const Resources& more) {
  if (more.threads) threads = more.threads;
  if (more.cpus) cpus = more.cpus;
  if (more.gpu) gpu = more.gpu;
  if (more.memory) memory = more.memory;
  if (more.time) time = more.time;
}

Resources ParseResources(const YamlNode& node) {
  RequireKeys(node, {"threads", "cpus", "gpus", "memory", "time", "ranks"}, "resources");
  if (node.members.empty()) FailAt(node.where, "resources is empty, write {{threads: N}}");
  const auto number = [&](const char* key, int least, int most) -> std::optional<int> {
    const YamlNode* value = node.Find(key);
    if (value == nullptr) return std::nullopt;
    return static_cast<int>(RequireInt(*value, std::string("resources.") + key, least, most));
  };
  Resources resources;
  resources.threads = number("threads", 1, 1024);
  resources.cpus = number("cpus", 1, 1024);
  if (const auto gpus = number("gpus", 0, 1)) resources.gpu = *gpus == 1;
  if (const YamlNode* memory = node.Find("memory")) resources.memory = ParseMemory(*memory);
  if (const YamlNode* time = node.Find("time")) resources.time = ParseTime(*time);
  if (number("ranks", 1, 4096).value_or(1) > 1)
    FailAt(
        node.Find("ranks")->where,
        "resources.ranks is {}, but ranks change a stage's result: write ranks next to resources",
        node.Find("ranks")->Shown());
  return resources;
}

Part ParsePart(const YamlNode& node, Role role, const Catalogue& catalogue, ByProfile by_profile) {
  Part part;
  part.where = node.where;
  if (!node.is_map()) {
    part.declaration = &catalogue.Get(role, RequireWord(node, ToString(role)), node.where);
    return part;
  }
  if (node.members.size() != 1) {
    FailAt(node.where, "{} is {}, must be a name or one name with its parameters: {{NAME: {{…}}}}",
           ToString(role), node.Shown());
  }
  const YamlMember& member = node.members.front();
  part.declaration = &catalogue.Get(role, member.key, member.where);
  ParseBlock(member.value, role, catalogue, part, by_profile);
  return part;
}

Method ParseMethod(const YamlNode& node, const Catalogue& catalogue) {
  const YamlNode* name = &node;
  if (node.is_map()) {
    RequireKeys(node, {"recipe", "variant", "synthesize", "quantize", "reconstruct"}, "method");
    name = node.Find("recipe");
    if (name == nullptr) {
      FailAt(node.where,
             "method has no recipe: write {{recipe: NAME, …}}, or synthesizer and "
             "quantizer instead of method");
    }
  }
  const Recipe& recipe = GetRecipe(*name, catalogue);
  Method method;
  method.name = recipe.name;
  method.recipe = &recipe;
  method.where = name->where;
  if (recipe.synthesizer)
    method.synthesizer = PartOfRecipe(recipe, Role::kSynthesizer, catalogue, name->where);
  method.quantizer = PartOfRecipe(recipe, Role::kQuantizer, catalogue, name->where);
  if (const YamlNode* variant = node.Find("variant")) {
    method.variant = RequireChoice(*variant, "variant", kVariants);
  }
  const YamlNode* quantize = node.Find("quantize");
  const YamlNode* reconstruct = node.Find("reconstruct");
  if (quantize != nullptr && reconstruct != nullptr) {
    FailAt(reconstruct->where, "quantize and reconstruct are the same block, keep one");
  }
  if (quantize == nullptr) quantize = reconstruct;
  if (quantize != nullptr) ParseBlock(*quantize, Role::kQuantizer, catalogue, method.quantizer);
  if (const YamlNode* synthesize = node.Find("synthesize")) {
    if (!method.synthesizer) {
      FailAt(synthesize->where,
             "{} has no synthesize stage: its images are made while it quantizes, write quantize: "
             "{{…}}",
             method.name);
    }
    ParseBlock(*synthesize, Role::kSynthesizer, catalogue, *method.synthesizer);
  }
  return method;
}

Method CombineParts(Part synthesizer, Part quantizer) {
  if (quantizer.declaration->method().joint) {
    FailAt(quantizer.where,
           "{} makes its own images and takes no synthesizer: write method: {} instead",
           quantizer.name(), quantizer.name());
  }
  Method method;
  method.name = synthesizer.name() + "+" + quantizer.name();
  method.where = synthesizer.where;
  method.synthesizer = std::move(synthesizer);
  method.quantizer = std::move(quantizer);
  return method;
}

Recipe ParseRecipe(const YamlNode& root, const Catalogue& catalogue) {
  RequireKeys(root, {"name", "paper", "summary", "synthesizer", "quantizer", "protocol", "variant"},
              "the recipe");
  for (const char* key : {"name", "summary", "quantizer", "protocol"}) {
    if (root.Find(key) == nullptr) FailAt(root.where, "the recipe has no {}", key);
  }
  Recipe recipe;
  recipe.name = RequireWord(*root.Find("name"), "name");
  recipe.summary = RequireWord(*root.Find("summary"), "summary");
  recipe.paper = WordOr(root, "paper", "");
  recipe.quantizer = ParseRecipePart(*root.Find("quantizer"), Role::kQuantizer, catalogue);
  if (const YamlNode* synthesizer = root.Find("synthesizer"))
    recipe.synthesizer = ParseRecipePart(*synthesizer, Role::kSynthesizer, catalogue);
  const std::string& quantizer = recipe.quantizer.name;
  const bool joint = catalogue.Get(Role::kQuantizer, quantizer, root.where).method().joint;
  if (joint && recipe.synthesizer)
    FailAt(root.where, "the recipe has a synthesizer, but {} makes its own images", quantizer);
  if (!joint && !recipe.synthesizer)
    FailAt(root.where, "the recipe has no synthesizer, but {} needs images", quantizer);
  recipe.protocol = ParseRecipeProtocol(*root.Find("protocol"), catalogue);
  const YamlNode* variant = root.Find("variant");
  recipe.variant = variant != nullptr ? RequireChoice(*variant, "variant", kVariants) : "code";
  return recipe;
}

}  // namespace zerosweep
