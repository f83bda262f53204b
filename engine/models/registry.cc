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
  auto& facts = std::get<ModelFacts>(declaration.facts);
  for (const KeyLayout& layout : layouts) facts.layouts.push_back(layout.name);
  if (facts.min_side > 1) declaration.limits.push_back(NeedsTheSmallestSide());
  // The catalogue refuses duplicate names.
  Models()[declaration.name] = {factory, std::move(layouts), facts.min_side};
  Declare(Role::kModel, std::move(declaration), [factory](Declaration& described) {
    auto& of_paper = std::get<ModelFacts>(described.facts);
    const auto& [channels, height, width] = of_paper.input_shape;
    AddNetworkFacts(factory(static_cast<int>(of_paper.classes), {channels, height, width}),
                    of_paper);
  });
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
