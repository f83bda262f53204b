#include "engine/import/key_layout.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/import/weight_fit.h"
#include "engine/models/builder.h"

namespace zerosweep {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;

// input → conv (1 → 2, with bias) → bn
Graph Small() {
  GraphBuilder build({1, 5, 5});
  Value x = build.Conv("conv", build.Input(), {.in = 1, .out = 2, .kernel = {1, 3}, .bias = true});
  return build.Finish(build.BatchNorm("bn", x, 2));
}

std::vector<KeyLayout> Layouts() {
  return {{.name = "own", .marker = "conv.weight"},
          {.name = "other",
           .marker = "unit1.c.weight",
           .rules = {{"unit1.c.*", "conv.{1}"}, {"unit#.n.*", "bn.{2}"}},
           .unused = {"aux.*"},
           .zeros = {"conv.bias"}}};
}

Tensors OtherState() {
  return {{"unit1.c.weight", torch::full({2, 1, 1, 3}, 5.f)},
          {"unit1.n.weight", torch::full({2}, 6.f)},
          {"unit1.n.bias", torch::full({2}, 7.f)},
          {"unit1.n.running_mean", torch::full({2}, 8.f)},
          {"unit1.n.running_var", torch::full({2}, 9.f)},
          {"unit1.n.num_batches_tracked", torch::tensor(3)},
          {"aux.weight", torch::zeros({1})}};
}

// Loads it, which must be possible.
void Load(Graph& graph, const Tensors& state) {
  const WeightSearch search = FindWeights(graph, state, Layouts());
  ASSERT_EQ(search.fits.size(), 1u) << (search.nearest ? search.nearest->defect : "no layout");
  CopyWeights(search.fits[0], state, graph, "w.pt");
}

std::string DefectOf(const Tensors& state) {
  const WeightSearch search = FindWeights(Small(), state, Layouts());
  EXPECT_TRUE(search.fits.empty());
  return search.nearest ? search.nearest->defect : "no layout";
}

TEST(KeyLayoutTest, RulesMatchNumbersAndRests) {
  const KeyRule rule{"features.stage#.unit#.conv.*", "layer{1+1}.{2-1}.{3}"};
  EXPECT_EQ(Rewrite(rule, "features.stage1.unit12.conv.weight"), "layer2.11.weight");
  EXPECT_EQ(Rewrite(rule, "features.stage1.unit.conv.weight"), std::nullopt);
  EXPECT_EQ(Rewrite(rule, "features.stage1.unit1.con"), std::nullopt);
  EXPECT_EQ(Rewrite({"head.#", "{1}"}, "head.3"), "3");
  EXPECT_EQ(Rewrite({"head.#", "{1}"}, "head.3.weight"), std::nullopt);
  EXPECT_EQ(Rewrite({"head.#", "{1}"}, "head.99999999999999999999"), std::nullopt);
}

TEST(KeyLayoutTest, ReadsAForeignCheckpointThroughItsLayout) {
  Graph graph = Small();
  graph.nodes[1].parameters["bias"].fill_(4);
  Load(graph, OtherState());
  EXPECT_EQ(graph.nodes[1].parameters["weight"][0].mean().item<float>(), 5);
  EXPECT_EQ(graph.nodes[1].parameters["bias"].abs().sum().item<float>(), 0);  // absent: zero
  EXPECT_EQ(graph.nodes[2].parameters["running_var"][1].item<float>(), 9);
}

TEST(KeyLayoutTest, ReadsTheGraphsOwnKeys) {
  Graph graph = Small();
  Tensors state = StateOf(graph.Clone());
  state["bn.bias"] = torch::full({2}, 3.f);
  Load(graph, state);
  EXPECT_EQ(graph.nodes[2].parameters["bias"][0].item<float>(), 3);
}

TEST(KeyLayoutTest, AnUnknownLayoutIsNoFit) {
  EXPECT_EQ(DefectOf({{"body.weight", torch::zeros({1})}}), "no layout");
}

TEST(KeyLayoutTest, RefusesTwoKeysForOneParameter) {
  Tensors state = OtherState();
  state["unit2.n.bias"] = torch::zeros({2});
  EXPECT_EQ(DefectOf(state), "'unit1.n.bias' and 'unit2.n.bias' both mean 'bn.bias'");
}

TEST(KeyLayoutTest, RefusesWhatIsMissingUnderTheGraphsName) {
  Tensors state = OtherState();
  state.erase("unit1.n.bias");
  EXPECT_EQ(DefectOf(state), "'bn.bias' [2] is missing");
}

}  // namespace
}  // namespace zerosweep
