#include "sweeps/methods.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "sweeps/parameters.h"

namespace zerosweep {
namespace {

const std::vector<std::string> kAnywhere = {"ranks", "resources"};

}  // namespace

std::vector<const Part*> PartsOf(const Method& method) {
  std::vector<const Part*> parts;
  if (method.synthesizer) parts.push_back(&*method.synthesizer);
  parts.push_back(&method.quantizer);
  return parts;
}

std::vector<const Json*> DeclarationsOf(const Json& part, const std::string& role,
                                        const Catalogue& catalogue) {
  std::vector<const Json*> declarations = {&part};
  std::vector<std::string> kinds = {KindOfRole(role)};
  if (Needs(part, "correction")) kinds.emplace_back("correct");
  for (const std::string& name : kinds) {
    if (const Json* kind = catalogue.Find("kind", name)) declarations.push_back(kind);
  }
  return declarations;
}

namespace {

// Fills in what the block under a part's name gives.
void ParseBlock(const YamlNode& block, const std::string& role, const Catalogue& catalogue,
                Part& part, ByProfile by_profile = ByProfile::kNo) {
  part.given = CheckedBlock(DeclarationsOf(*part.declaration, role, catalogue), block, part.name(),
                            kAnywhere, by_profile);
  if (const YamlNode* ranks = block.Find("ranks")) {
    CheckExecution("ranks", *ranks, catalogue, KindOfRole(role));
    CheckGroups(*part.declaration, role, *ranks, catalogue);
  }
  if (const YamlNode* resources = block.Find("resources")) {
    part.resources = ParseResources(*resources);
  }
}

std::optional<Part> PartOfRecipe(const Json& recipe, const std::string& role,
                                 const Catalogue& catalogue, const std::string& where) {
  if (!recipe.contains(role)) return std::nullopt;
  Part part;
  part.declaration = &catalogue.Get(role, recipe.at(role).at("name"), where);
  part.recipe_values = recipe.at(role).at("params");
  part.where = where;
  return part;
}

const Json& GetRecipe(const YamlNode& node, const Catalogue& catalogue) {
  const std::string& name = RequireWord(node, "method");
  if (const Json* recipe = catalogue.FindRecipe(name)) return *recipe;
  FailAt(node.where, "unknown method '{}'{}", name, Suggestion(name, catalogue.Names("recipe")));
}

}  // namespace

namespace {

// A positive number with one of these units: "512MB", "16 GiB". Throws kUsage, saying that it must
// be `form`.
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

}  // namespace

std::vector<std::string> RolesOf(const Json& recipe) {
  std::vector<std::string> roles;
  for (const char* role : {"synthesizer", "quantizer"})
    if (recipe.contains(role)) roles.emplace_back(role);
  return roles;
}

std::string KindOfRole(const std::string& role) {
  return role == "synthesizer" ? "synthesize" : "quantize";
}

std::string RoleOfKind(const std::string& kind) {
  return kind == "synthesize" ? "synthesizer" : "quantizer";
}

void CheckExecution(const std::string& name, const YamlNode& node, const Catalogue& catalogue,
                    const std::string& kind) {
  bool declared = false;
  for (const Json& entry : catalogue.json().at("kinds")) {
    const Json* param = FindParam(entry, name);
    if (param == nullptr || (!kind.empty() && entry.at("name") != kind)) continue;
    CheckedValue(*param, node, name);
    declared = true;
  }
  if (declared) return;
  const Json usual = name == "ranks" ? Json(1) : Json("float32");
  if (node.ToJson() != usual) {
    FailAt(node.where, "{} is {}, but this version has only {}", name, node.Shown(), usual.dump());
  }
}

void CheckGroups(const Json& part, const std::string& role, const YamlNode& ranks,
                 const Catalogue& catalogue) {
  if (RunsInGroups(part) || ranks.ToJson() == 1) return;
  std::vector<std::string> able;
  for (const Json& entry : catalogue.json().at(role + "s"))
    if (RunsInGroups(entry)) able.push_back(entry.at("name"));
  FailAt(ranks.where, "ranks is {}, but {} runs on one rank ({})", ranks.Shown(),
         part.at("name").get<std::string>(),
         able.empty() ? fmt::format("as every {} does", role)
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
    FailAt(node.Find("ranks")->where,
           "resources.ranks is {}, but ranks change a stage's result: write ranks beside resources",
           node.Find("ranks")->Shown());
  return resources;
}

Part ParsePart(const YamlNode& node, const std::string& role, const Catalogue& catalogue,
               ByProfile by_profile) {
  Part part;
  part.where = node.where;
  if (!node.is_map()) {
    part.declaration = &catalogue.Get(role, RequireWord(node, role), node.where);
    return part;
  }
  if (node.members.size() != 1) {
    FailAt(node.where, "{} is {}, must be a name or one name with its parameters: {{NAME: {{…}}}}",
           role, node.Shown());
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
  const Json& recipe = GetRecipe(*name, catalogue);
  Method method;
  method.name = recipe.at("name");
  method.where = name->where;
  method.synthesizer = PartOfRecipe(recipe, "synthesizer", catalogue, name->where);
  method.quantizer = *PartOfRecipe(recipe, "quantizer", catalogue, name->where);
  method.recipe_variant = recipe.value("variant", "");
  if (recipe.contains("protocol"))
    method.recipe_protocol = RecipeProtocolFromJson(recipe["protocol"]);
  if (const YamlNode* variant = node.Find("variant")) {
    method.variant = RequireChoice(*variant, "variant", kVariants);
  }
  const YamlNode* quantize = node.Find("quantize");
  const YamlNode* reconstruct = node.Find("reconstruct");
  if (quantize != nullptr && reconstruct != nullptr) {
    FailAt(reconstruct->where, "quantize and reconstruct are the same block, keep one");
  }
  if (quantize == nullptr) quantize = reconstruct;
  if (quantize != nullptr) ParseBlock(*quantize, "quantizer", catalogue, method.quantizer);
  if (const YamlNode* synthesize = node.Find("synthesize")) {
    if (!method.synthesizer) {
      FailAt(synthesize->where,
             "{} has no synthesize stage: its images are made while it quantizes, write quantize: "
             "{{…}}",
             method.name);
    }
    ParseBlock(*synthesize, "synthesizer", catalogue, *method.synthesizer);
  }
  return method;
}

Method CombineParts(const YamlNode& synthesizer, const YamlNode& quantizer,
                    const Catalogue& catalogue) {
  Method method;
  method.synthesizer = ParsePart(synthesizer, "synthesizer", catalogue);
  method.quantizer = ParsePart(quantizer, "quantizer", catalogue);
  if (IsJoint(*method.quantizer.declaration)) {
    FailAt(method.quantizer.where,
           "{} makes its own images and takes no synthesizer: write method: {} instead",
           method.quantizer.name(), method.quantizer.name());
  }
  method.name = method.synthesizer->name() + "+" + method.quantizer.name();
  method.where = method.synthesizer->where;
  return method;
}

Json ParseRecipe(const YamlNode& root, const Catalogue& catalogue) {
  RequireKeys(root, {"name", "paper", "summary", "synthesizer", "quantizer", "protocol", "variant"},
              "the recipe");
  for (const char* key : {"name", "summary", "quantizer", "protocol"}) {
    if (root.Find(key) == nullptr) FailAt(root.where, "the recipe has no {}", key);
  }
  Json recipe;
  recipe["name"] = RequireWord(*root.Find("name"), "name");
  recipe["summary"] = RequireWord(*root.Find("summary"), "summary");
  const YamlNode* paper = root.Find("paper");
  recipe["paper"] = paper != nullptr ? RequireWord(*paper, "paper") : "";
  for (const char* role : {"quantizer", "synthesizer"}) {
    const YamlNode* node = root.Find(role);
    if (node == nullptr) continue;
    const Part part = ParsePart(*node, role, catalogue, ByProfile::kAllowed);
    recipe[role] = {{"name", part.name()}, {"params", part.given}};
  }
  const std::string quantizer = recipe["quantizer"]["name"];
  const bool joint = IsJoint(catalogue.Get("quantizer", quantizer, root.where));
  if (joint && recipe.contains("synthesizer"))
    FailAt(root.where, "the recipe has a synthesizer, but {} makes its own images", quantizer);
  if (!joint && !recipe.contains("synthesizer"))
    FailAt(root.where, "the recipe has no synthesizer, but {} needs images", quantizer);
  recipe["protocol"] = ToJson(ParseRecipeProtocol(*root.Find("protocol"), catalogue));
  const YamlNode* variant = root.Find("variant");
  recipe["variant"] = variant != nullptr ? RequireChoice(*variant, "variant", kVariants) : "code";
  return recipe;
}

}  // namespace zerosweep
