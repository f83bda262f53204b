#include "engine/models/registry.h"

#include <algorithm>
#include <utility>

#include "engine/catalogue/name_table.h"
#include "engine/quant/network_facts.h"

namespace zerosweep {
namespace {

struct Model {
  ModelFactory factory = nullptr;
  std::vector<KeyLayout> layouts;
  int64_t min_side = 1;
};

NameTable<Model>& Models() {
  static NameTable<Model> models("architecture");
  return models;
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
  Models().Add(declaration.name, {factory, std::move(layouts), facts.min_side});
  Declare(Role::kModel, std::move(declaration), [factory](Declaration& described) {
    auto& of_paper = std::get<ModelFacts>(described.facts);
    const auto& [channels, height, width] = of_paper.input_shape;
    AddNetworkFacts(factory(static_cast<int>(of_paper.classes), {channels, height, width}),
                    of_paper);
  });
}

ModelFacts ImageNetFacts(int64_t macs) {
  return {.input_shape = {3, 224, 224},
          .classes = 1000,
          .macs = macs,
          .map_side = 33,
          .stride_side = 17};
}

std::vector<std::string> ModelNames() { return Models().Names(); }

Graph BuildModel(const std::string& arch, int64_t channels, int64_t height, int64_t width,
                 int classes) {
  const Model& model = Models().Get(arch);
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

const std::vector<KeyLayout>& LayoutsOf(const std::string& arch) {
  return Models().Get(arch).layouts;
}

}  // namespace zerosweep
