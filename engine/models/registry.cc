#include "engine/models/registry.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "engine/quant/network_facts.h"

namespace zerosweep {
namespace {

struct Model {
  ModelFactory factory = nullptr;
  std::vector<KeyLayout> layouts;
  int64_t min_side = 1;
};

std::map<std::string, Model>& Models() {
  static std::map<std::string, Model> models;
  return models;
}

const Model& Get(const std::string& arch) {
  const auto found = Models().find(arch);
  if (found == Models().end()) {
    Fail(ErrorKind::kUsage, "unknown architecture '{}'{}", arch, Suggestion(arch, ModelNames()));
  }
  return found->second;
}

Limit NeedsTheSmallestSide() {
  return {{{"trial.side", "below", FactNamed("model.min_side")}},
          "it takes images of at least {model.min_side} pixels, and these have {trial.side}"};
}

}  // namespace

RegisterModel::RegisterModel(Declaration declaration, ModelFactory factory,
                             std::vector<KeyLayout> layouts) {
  Json names = Json::array();
  for (const KeyLayout& layout : layouts) names.push_back(layout.name);
  declaration.facts["layouts"] = names;
  if (declaration.facts.contains("min_side")) declaration.limits.push_back(NeedsTheSmallestSide());
  declaration.late_facts = [factory, facts = declaration.facts] {
    return NetworkFacts(factory(facts.at("classes"), facts.at("input_shape")));
  };
  // Twin names are refused by the catalogue.
  Models()[declaration.name] = {factory, std::move(layouts),
                                declaration.facts.value("min_side", int64_t{1})};
  Declare{std::move(declaration)};
}

std::vector<std::string> ModelNames() {
  std::vector<std::string> names;
  for (const auto& [name, model] : Models()) names.push_back(name);
  return names;
}

Graph BuildModel(const std::string& arch, int64_t channels, int64_t height, int64_t width,
                 int classes) {
  const Model& model = Get(arch);
  if (channels < 1 || height < 1 || width < 1 || classes < 1) {
    Fail(ErrorKind::kUsage, "{}: images of {} × {} × {} in {} classes: each must be at least 1",
         arch, channels, height, width, classes);
  }
  if (std::min(height, width) < model.min_side) {
    Fail(ErrorKind::kUsage, "{}: images of {} × {} are too small, it needs at least {} × {}", arch,
         height, width, model.min_side, model.min_side);
  }
  Graph graph = model.factory(classes, {channels, height, width});
  graph.Check();
  return graph;
}

const std::vector<KeyLayout>& LayoutsOf(const std::string& arch) { return Get(arch).layouts; }

}  // namespace zerosweep
