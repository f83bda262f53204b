#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/graph/executor.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

void RandomiseBatchNorms(Graph& graph) {
  for (const int index : graph.BatchNorms()) {
    auto& parameters = graph.nodes[static_cast<size_t>(index)].parameters;
    parameters.at("weight").uniform_(0.5, 1.5);
    parameters.at("bias").normal_(0, 0.3);
    parameters.at("running_mean").normal_(0, 0.5);
    parameters.at("running_var").uniform_(0.3, 2);
  }
}

TEST(FoldBatchNormsTest, FoldedResNetAgreesWithItself) {
  torch::manual_seed(1);
  const torch::NoGradGuard no_grad;
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  InitialiseParameters(graph, 1);
  RandomiseBatchNorms(graph);
  const Graph folded = FoldBatchNorms(graph);
  EXPECT_TRUE(folded.BatchNorms().empty());
  EXPECT_EQ(folded.nodes.size(), graph.nodes.size() - 19);
  const torch::Tensor x = torch::randn({4, 3, 32, 32});
  const torch::Tensor expected = zerosweep::Run(graph, x);
  const double scale = expected.abs().max().item<double>();
  EXPECT_LE((zerosweep::Run(folded, x) - expected).abs().max().item<double>(),
            1e-4 * std::max(1.0, scale));
  EXPECT_EQ(graph.BatchNorms().size(), 19u);  // the original is as it was
}

TEST(FoldBatchNormsTest, FoldsIntoAnExistingBiasAsTheFormulaSays) {
  GraphBuilder build({1, 1, 1});
  Value x = build.Apply("flatten", Op::kFlatten, {build.Input()});
  x = build.BatchNorm("bn", build.Linear("fc", x, 1, 1), 1);
  Graph graph = build.Finish(x);
  graph.nodes[2].parameters["weight"].fill_(3);
  graph.nodes[2].parameters["bias"].fill_(5);
  auto& bn = graph.nodes[3].parameters;
  bn["weight"].fill_(2);
  bn["bias"].fill_(7);
  bn["running_mean"].fill_(1);
  bn["running_var"].fill_(16);
  graph.nodes[3].attributes["eps"] = 0.0;
  const Graph folded = FoldBatchNorms(graph);
  EXPECT_EQ(folded.nodes[2].parameters.at("weight").item<float>(), 3 * 2 / 4.f);
  EXPECT_EQ(folded.nodes[2].parameters.at("bias").item<float>(), (5 - 1) * 2 / 4.f + 7);
}

TEST(FoldBatchNormsTest, KeepsABatchNormWhoseConvolutionHasAnotherUser) {
  GraphBuilder build({1, 2, 2});
  const Value conv = build.Conv("conv", build.Input(), {.in = 1, .out = 1});
  const Value norm = build.BatchNorm("bn", conv, 1);
  Graph graph = build.Finish(build.Apply("add", Op::kAdd, {conv, norm}));
  InitialiseParameters(graph, 2);
  RandomiseBatchNorms(graph);
  const Graph folded = FoldBatchNorms(graph);
  EXPECT_EQ(folded.BatchNorms().size(), 1u);
  const torch::Tensor x = torch::randn({1, 1, 2, 2});
  EXPECT_TRUE(torch::equal(zerosweep::Run(folded, x), zerosweep::Run(graph, x)));
}

TEST(FoldBatchNormsTest, KeepsABatchNormThatFollowsNoWeights) {
  GraphBuilder build({1, 2, 2});
  const Graph graph = build.Finish(build.BatchNorm("bn", build.Input(), 1));
  EXPECT_EQ(FoldBatchNorms(graph).BatchNorms().size(), 1u);
}

}  // namespace
}  // namespace zerosweep
