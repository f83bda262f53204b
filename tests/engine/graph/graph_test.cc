#include "engine/graph/graph.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/models/builder.h"

namespace zerosweep {
namespace {

// input → conv (1 → 2, 3 × 3) → relu → pool → flatten → fc (2 → 3)
Graph Small() {
  GraphBuilder build({1, 5, 5});
  Value x = build.Conv("conv", build.Input(), {.in = 1, .out = 2, .kernel = 3});
  x = build.Apply("relu", Op::kRelu, {x});
  x = build.Apply("pool", Op::kGlobalAvgPool, {x});
  x = build.Apply("flatten", Op::kFlatten, {x});
  return build.Finish(build.Linear("fc", x, 2, 3));
}

template <typename Function>
void ExpectFailure(const Function& function, ErrorKind kind, const std::string& message) {
  try {
    function();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    EXPECT_EQ(std::string(error.what()), message);
  }
}

TEST(GraphTest, FindsNodesAndTheirUsers) {
  const Graph graph = Small();
  EXPECT_EQ(graph.Find("relu"), 2);
  EXPECT_EQ(graph.Find("absent"), -1);
  EXPECT_EQ(graph.Users(1), std::vector<int>{2});
  EXPECT_TRUE(graph.Users(5).empty());
  EXPECT_EQ(graph.Weighted(), (std::vector<int>{1, 5}));
  EXPECT_TRUE(graph.BatchNorms().empty());
  EXPECT_EQ(graph.ParameterCount(), 2 * 9 + 2 * 3 + 3);
}

TEST(GraphTest, CheckRefusesBrokenGraphs) {
  Graph twins = Small();
  twins.nodes[2].name = "conv";
  ExpectFailure([&] { twins.Check(); }, ErrorKind::kInternal, "graph: two nodes are named 'conv'");
  Graph backwards = Small();
  backwards.nodes[1].inputs = {{3, 0}};
  ExpectFailure([&] { backwards.Check(); }, ErrorKind::kInternal,
                "graph: node 1 'conv' reads output 0 of node 3");
  Graph second = Small();
  second.nodes[2].inputs = {{1, 1}};
  ExpectFailure([&] { second.Check(); }, ErrorKind::kInternal,
                "graph: node 2 'relu' reads output 1 of node 1");
  Graph lonely = Small();
  lonely.nodes[2].op = Op::kAdd;
  ExpectFailure([&] { lonely.Check(); }, ErrorKind::kInternal, "graph: add 'relu' has 1 inputs");
  Graph headless = Small();
  headless.output = {};
  ExpectFailure([&] { headless.Check(); }, ErrorKind::kInternal,
                "graph: the output is node -1 of 6");
}

TEST(GraphTest, CopiesShareParametersAndClonesDoNot) {
  Graph graph = Small();
  const Graph copy = graph, clone = graph.Clone();
  graph.nodes[5].parameters["bias"].fill_(7);
  EXPECT_EQ(copy.nodes[5].parameters.at("bias")[0].item<float>(), 7);
  EXPECT_EQ(clone.nodes[5].parameters.at("bias")[0].item<float>(), 0);
}

TEST(GraphTest, CountsMultiplyAccumulates) {
  // conv: 3 × 3 positions · 2 outputs · 9 weights; fc: 3 · 2
  EXPECT_EQ(CountMacs(Small()), (std::map<int, int64_t>{{1, 9 * 2 * 9}, {5, 6}}));
}

TEST(GraphTest, StateGoesOutAndIn) {
  Graph from = Small(), to = Small();
  InitialiseParameters(from, 5);
  auto state = StateOf(from);
  EXPECT_EQ(state.size(), 3u);
  state["bn.num_batches_tracked"] = torch::tensor(3);  // written by PyTorch, of no use here
  LoadState(to, state, "file");
  for (const auto& [key, tensor] : StateOf(to))
    EXPECT_TRUE(torch::equal(tensor, state[key])) << key;
}

TEST(GraphTest, LoadStateNamesTheFirstDefectAndWritesNothing) {
  Graph graph = Small();
  graph.nodes[1].parameters["weight"].zero_();  // not set before
  auto state = StateOf(graph.Clone());
  state["conv.weight"].fill_(9);
  auto missing = state;
  missing.erase("fc.bias");
  ExpectFailure([&] { LoadState(graph, missing, "w.pt"); }, ErrorKind::kUsage,
                "w.pt: 'fc.bias' [3] is missing: these weights belong to another network");
  auto misshaped = state;
  misshaped["fc.weight"] = torch::zeros({2, 3});
  ExpectFailure([&] { LoadState(graph, misshaped, "w.pt"); }, ErrorKind::kUsage,
                "w.pt: 'fc.weight' has shape [2, 3], but the network needs [3, 2]: these weights "
                "belong to another network");
  auto unused = state;
  unused["fc2.weight"] = torch::zeros({4});
  ExpectFailure([&] { LoadState(graph, unused, "w.pt"); }, ErrorKind::kUsage,
                "w.pt: 'fc2.weight' [4] is used nowhere in the network: these weights belong to "
                "another network");
  auto integers = state;
  integers["fc.bias"] = torch::zeros({3}, torch::kInt64);
  ExpectFailure([&] { LoadState(graph, integers, "w.pt"); }, ErrorKind::kUsage,
                "w.pt: 'fc.bias' holds Long instead of floating-point numbers");
  EXPECT_EQ(graph.nodes[1].parameters["weight"].abs().sum().item<float>(), 0);
}

}  // namespace
}  // namespace zerosweep
