#include "engine/graph/executor.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/models/builder.h"

namespace zerosweep {
namespace {

// Values 0, 1, 2, … of the given shape.
torch::Tensor Ramp(at::IntArrayRef shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return torch::arange(count, torch::kFloat32).reshape(shape);
}

// The graph input → one operator.
Graph OneOp(std::vector<int64_t> input_shape, Op op, const Json& attributes,
            std::map<std::string, torch::Tensor> parameters = {}) {
  Graph graph;
  graph.input_shape = std::move(input_shape);
  graph.Append({"input", Op::kInput, {}, Json::object(), {}});
  graph.output = {graph.Append({"op", op, {{0, 0}}, attributes, std::move(parameters)}), 0};
  graph.Check();
  return graph;
}

void ExpectEqual(const torch::Tensor& got, const torch::Tensor& expected) {
  ASSERT_EQ(got.sizes(), expected.sizes());
  EXPECT_TRUE(torch::equal(got, expected)) << got << "\ninstead of\n" << expected;
}

TEST(ExecutorTest, ConvolvesWithStrideAndPadding) {
  // A kernel of ones sums each 3 × 3 window; the border sees zeros.
  const Graph graph = OneOp({1, 4, 4}, Op::kConv2d, {{"stride", 2}, {"padding", 1}},
                            {{"weight", torch::ones({1, 1, 3, 3})}, {"bias", torch::ones({1})}});
  // Windows around (0,0), (0,2), (2,0), (2,2) of 0…15.
  const torch::Tensor expected =
      torch::tensor({0 + 1 + 4 + 5, 1 + 2 + 3 + 5 + 6 + 7, 4 + 5 + 8 + 9 + 12 + 13,
                     5 + 6 + 7 + 9 + 10 + 11 + 13 + 14 + 15},
                    torch::kFloat32) +
      1;
  ExpectEqual(zerosweep::Run(graph, Ramp({1, 1, 4, 4})), expected.view({1, 1, 2, 2}));
}

TEST(ExecutorTest, ConvolvesWithDilationAndGroups) {
  // Two groups of one channel, kernels of two taps that lie two pixels apart.
  const torch::Tensor weight = torch::tensor({1.f, 1.f, 1.f, -1.f}).view({2, 1, 1, 2});
  const Graph graph =
      OneOp({2, 1, 4}, Op::kConv2d, {{"dilation", {1, 2}}, {"groups", 2}}, {{"weight", weight}});
  const torch::Tensor expected = torch::tensor({2.f, 4.f, -2.f, -2.f}).view({1, 2, 1, 2});
  ExpectEqual(zerosweep::Run(graph, Ramp({1, 2, 1, 4})), expected);
}

TEST(ExecutorTest, MultipliesByALinearLayer) {
  Graph graph = OneOp({2, 1, 1}, Op::kFlatten, Json::object());
  graph.output = {graph.Append({"fc",
                                Op::kLinear,
                                {{1, 0}},
                                Json::object(),
                                {{"weight", torch::tensor({{1.f, 2.f}, {3.f, 4.f}})},
                                 {"bias", torch::tensor({10.f, 20.f})}}}),
                  0};
  const torch::Tensor x = torch::tensor({5.f, 6.f}).view({1, 2, 1, 1});
  ExpectEqual(zerosweep::Run(graph, x), torch::tensor({{27.f, 59.f}}));
}

TEST(ExecutorTest, AppliesActivationsAndPools) {
  const torch::Tensor x = torch::tensor({-1.f, 2.f, 7.f, 4.f}).view({1, 1, 2, 2});
  const auto run = [&](Op op, const Json& attributes) {
    return zerosweep::Run(OneOp({1, 2, 2}, op, attributes), x);
  };
  const Json none = Json::object();
  ExpectEqual(run(Op::kRelu, none), torch::tensor({0.f, 2.f, 7.f, 4.f}).view({1, 1, 2, 2}));
  ExpectEqual(run(Op::kRelu6, none), torch::tensor({0.f, 2.f, 6.f, 4.f}).view({1, 1, 2, 2}));
  ExpectEqual(run(Op::kMaxPool, {{"kernel", 2}}), torch::tensor({7.f}).view({1, 1, 1, 1}));
  ExpectEqual(run(Op::kAvgPool, {{"kernel", 2}}), torch::tensor({3.f}).view({1, 1, 1, 1}));
  ExpectEqual(run(Op::kAvgPool, {{"kernel", {1, 2}}, {"stride", 1}}),
              torch::tensor({0.5f, 5.5f}).view({1, 1, 2, 1}));
  ExpectEqual(run(Op::kMaxPool, {{"kernel", 2}, {"stride", 2}, {"padding", 1}}), x);
  ExpectEqual(run(Op::kGlobalAvgPool, none), torch::tensor({3.f}).view({1, 1, 1, 1}));
}

TEST(ExecutorTest, PoolsWithPartialWindows) {
  // 0 1 2 3
  const torch::Tensor x = Ramp({1, 1, 1, 4});
  const auto run = [&](Op op, const Json& attributes) {
    return zerosweep::Run(OneOp({1, 1, 4}, op, attributes), x).flatten();
  };
  const Json floor = {{"kernel", {1, 3}}, {"stride", 2}};
  Json ceiling = floor, padded = {{"kernel", {1, 3}}, {"stride", 3}, {"padding", {0, 1}}};
  ceiling["ceil_mode"] = true;
  ExpectEqual(run(Op::kMaxPool, floor), torch::tensor({2.f}));
  ExpectEqual(run(Op::kMaxPool, ceiling), torch::tensor({2.f, 3.f}));
  ExpectEqual(run(Op::kAvgPool, floor), torch::tensor({1.f}));
  ExpectEqual(run(Op::kAvgPool, ceiling), torch::tensor({1.f, 2.5f}));
  // (0 + 0 + 1) / 3 and (2 + 3 + 0) / 3, or over the pixels that are there.
  ExpectEqual(run(Op::kAvgPool, padded), torch::tensor({1 / 3.f, 5 / 3.f}));
  padded["count_include_pad"] = false;
  ExpectEqual(run(Op::kAvgPool, padded), torch::tensor({0.5f, 2.5f}));
}

TEST(ExecutorTest, AdaptiveMeansTakeNearlyEqualWindows) {
  // Three of four: windows [0, 2), [1, 3), [2, 4); three of one: that one.
  const Graph graph = OneOp({1, 4, 1}, Op::kAdaptiveAvgPool, {{"size", 3}});
  const torch::Tensor column = torch::tensor({0.5f, 1.5f, 2.5f}).view({3, 1});
  ExpectEqual(zerosweep::Run(graph, Ramp({1, 1, 4, 1})), column.repeat({1, 1, 1, 3}));
}

TEST(ExecutorTest, ShufflesChannelsAcrossGroups) {
  // Two groups of three: 0 1 2 | 3 4 5.
  const Graph graph = OneOp({6, 1, 1}, Op::kChannelShuffle, {{"groups", 2}});
  const torch::Tensor x = Ramp({1, 6, 1, 1});
  ExpectEqual(zerosweep::Run(graph, x).flatten(), torch::tensor({0.f, 3.f, 1.f, 4.f, 2.f, 5.f}));
  const torch::Tensor channels_last =
      Ramp({2, 6, 3, 2}).contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::Tensor y =
      zerosweep::Run(OneOp({6, 3, 2}, Op::kChannelShuffle, {{"groups", 2}}), channels_last);
  ExpectEqual(y.select(1, 3), channels_last.select(1, 4));
}

// input → chunk in two; ReLU of the first half, then both halves swapped: {relu(0), 1} → {1,
// relu(0)}
Graph SwapHalves() {
  GraphBuilder build({4, 1, 1});
  const std::vector<Value> halves = build.Chunk("chunk", build.Input(), 2);
  const Value relu = build.Apply("relu", Op::kRelu, {halves[0]});
  return build.Finish(build.Apply("concat", Op::kConcat, {halves[1], relu}));
}

TEST(ExecutorTest, ChunkHasSeveralOutputs) {
  const torch::Tensor x = torch::tensor({-1.f, 2.f, -3.f, 4.f}).view({1, 4, 1, 1});
  ExpectEqual(zerosweep::Run(SwapHalves(), x).flatten(), torch::tensor({-3.f, 4.f, 0.f, 2.f}));
  ExpectEqual(x.flatten(), torch::tensor({-1.f, 2.f, -3.f, 4.f}));  // no half was overwritten
  Graph second = SwapHalves();
  second.output = {1, 1};
  ExpectEqual(zerosweep::Run(second, x).flatten(), torch::tensor({-3.f, 4.f}));
  Graph odd = SwapHalves();
  odd.nodes[1].attributes["chunks"] = 3;
  EXPECT_THROW(zerosweep::Run(odd, x), Error);
}

TEST(ExecutorTest, HooksReplaceEachPartOfAChunk) {
  const torch::Tensor x = torch::tensor({-1.f, 2.f, -3.f, 4.f}).view({1, 4, 1, 1});
  ForwardHooks hooks;
  std::vector<Value> seen;
  for (const Value value : {Value{0, 0}, Value{1, 0}, Value{1, 1}, Value{2, 0}, Value{3, 0}}) {
    hooks.replace_output[value] = [&, value](const torch::Tensor& t) {
      seen.push_back(value);
      return value == Value{1, 1} ? t * 10 : t;
    };
  }
  ExpectEqual(zerosweep::Run(SwapHalves(), x, hooks).flatten(),
              torch::tensor({-30.f, 40.f, 0.f, 2.f}));
  EXPECT_EQ(seen, (std::vector<Value>{{0, 0}, {1, 0}, {1, 1}, {2, 0}, {3, 0}}));
}

TEST(ExecutorTest, AddsAndConcatenates) {
  Graph graph = OneOp({1, 1, 2}, Op::kRelu, Json::object());
  const Value input{0, 0}, relu{1, 0};
  const torch::Tensor x = torch::tensor({-3.f, 5.f}).view({1, 1, 1, 2});
  graph.Append({"add", Op::kAdd, {input, relu}, Json::object(), {}});
  graph.Append({"concat", Op::kConcat, {relu, {2, 0}}, Json::object(), {}});
  graph.output = {3, 0};
  ExpectEqual(zerosweep::Run(graph, x), torch::tensor({0.f, 5.f, -3.f, 10.f}).view({1, 2, 1, 2}));
  ExpectEqual(x.flatten(), torch::tensor({-3.f, 5.f}));  // the caller's tensor is untouched
}

TEST(ExecutorTest, ShortcutASamplesEverySecondPixelAndPadsChannels) {
  const Graph graph =
      OneOp({2, 3, 4}, Op::kShortcutA, {{"stride", 2}, {"pad_before", 1}, {"pad_after", 1}});
  const torch::Tensor x = Ramp({1, 2, 3, 4});
  const torch::Tensor y = zerosweep::Run(graph, x);
  ASSERT_EQ(y.sizes(), at::IntArrayRef({1, 4, 2, 2}));
  ExpectEqual(y[0][0], torch::zeros({2, 2}));
  ExpectEqual(y[0][1], torch::tensor({{0.f, 2.f}, {8.f, 10.f}}));
  ExpectEqual(y[0][2], torch::tensor({{12.f, 14.f}, {20.f, 22.f}}));
  ExpectEqual(y[0][3], torch::zeros({2, 2}));
}

// γ = 2, β = 1, μ = 3, σ² = 4, ε = 0
Graph OneBatchNorm() {
  return OneOp({1, 1, 2}, Op::kBatchNorm, {{"eps", 0.0}},
               {{"weight", torch::tensor({2.f})},
                {"bias", torch::tensor({1.f})},
                {"running_mean", torch::tensor({3.f})},
                {"running_var", torch::tensor({4.f})}});
}

TEST(ExecutorTest, FrozenBatchNormUsesItsRunningStatistics) {
  const Graph graph = OneBatchNorm();
  const torch::Tensor x = torch::tensor({3.f, 7.f}).view({1, 1, 1, 2});
  ExpectEqual(zerosweep::Run(graph, x), torch::tensor({1.f, 5.f}).view({1, 1, 1, 2}));
  ExpectEqual(graph.nodes[1].parameters.at("running_mean"), torch::tensor({3.f}));
}

TEST(ExecutorTest, TrainingBatchNormUsesTheBatchAndUpdatesItsStatistics) {
  const Graph graph = OneBatchNorm();
  const torch::Tensor x = torch::tensor({3.f, 7.f}).view({1, 1, 1, 2});  // mean 5, variance 4
  const torch::Tensor y = zerosweep::Run(graph, x, {}, BatchNormMode::kTrain);
  ExpectEqual(y, torch::tensor({-1.f, 3.f}).view({1, 1, 1, 2}));
  // r ← 0.9 r + 0.1 batch; the variance without bias is 8.
  const auto& parameters = graph.nodes[1].parameters;
  EXPECT_NEAR(parameters.at("running_mean").item<float>(), 0.9 * 3 + 0.1 * 5, 1e-6);
  EXPECT_NEAR(parameters.at("running_var").item<float>(), 0.9 * 4 + 0.1 * 8, 1e-6);
}

TEST(ExecutorTest, RefusesImagesOfAnotherShape) {
  try {
    zerosweep::Run(OneBatchNorm(), torch::zeros({1, 3, 1, 2}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(),
                 "the network takes images of 1 × 1 × 2, but was given a tensor of [1, 3, 1, 2]");
  }
}

TEST(ExecutorTest, HooksSeeAndReplaceTensors) {
  GraphBuilder build({1, 1, 1});
  Value x = build.Conv("conv", build.Input(), {.in = 1, .out = 1});
  x = build.Apply("relu", Op::kRelu, {x});
  Graph graph = build.Finish(x);
  graph.nodes[1].parameters["weight"].fill_(2);
  std::vector<std::pair<int, float>> seen;
  ForwardHooks hooks;
  hooks.on_input = [&](int node, const torch::Tensor& t) {
    seen.emplace_back(node, t.item<float>());
  };
  hooks.replace_input[{1, 0}] = [](const torch::Tensor& t) { return t + 1; };
  hooks.replace_weight = [](int, const torch::Tensor& w) { return w * 10; };
  hooks.replace_output[{2, 0}] = [](const torch::Tensor& t) { return t + 0.5; };
  // (3 + 1) · 20 → ReLU → + ½
  EXPECT_EQ(zerosweep::Run(graph, torch::full({1, 1, 1, 1}, 3.f), hooks).item<float>(), 80.5f);
  EXPECT_EQ(seen, (std::vector<std::pair<int, float>>{{1, 4.f}, {2, 80.f}}));
  EXPECT_EQ(graph.nodes[1].parameters["weight"].item<float>(), 2.f);
}

TEST(ExecutorTest, WhatATapKeepsIsNotOverwritten) {
  GraphBuilder build({1, 1, 2});
  Value x = build.Conv("conv", build.Input(), {.in = 1, .out = 1});
  Graph graph = build.Finish(build.Apply("relu", Op::kRelu, {x}));
  graph.nodes[1].parameters["weight"].fill_(-1);
  torch::Tensor kept, view;
  ForwardHooks hooks;
  hooks.on_input = [&](int node, const torch::Tensor& t) {
    if (node == 2) kept = t;
  };
  const torch::NoGradGuard no_grad;
  zerosweep::Run(graph, Ramp({1, 1, 1, 2}), hooks);
  ExpectEqual(kept.flatten(), torch::tensor({0.f, -1.f}));
  hooks.on_input = [&](int node, const torch::Tensor& t) {
    if (node == 2) view = t.flatten().slice(0, 1);
  };
  zerosweep::Run(graph, Ramp({1, 1, 1, 2}), hooks);
  ExpectEqual(view, torch::tensor({-1.f}));
}

TEST(ExecutorTest, RefusesReplacementsOfAnotherShape) {
  ForwardHooks hooks;
  hooks.replace_output[{0, 0}] = [](const torch::Tensor& t) { return t.flatten(); };
  try {
    zerosweep::Run(OneBatchNorm(), torch::zeros({1, 1, 1, 2}), hooks);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInternal);
    EXPECT_STREQ(error.what(),
                 "a hook replaced the output of 'input' by a tensor of another shape");
  }
}

TEST(ExecutorTest, GradientsReachTheImagesAsFiniteDifferencesSay) {
  // In double precision, through convolution, frozen batch norm, ReLU, shortcut, add and pooling.
  GraphBuilder build({2, 4, 4});
  Value x = build.Conv("conv", build.Input(),
                       {.in = 2, .out = 4, .kernel = 3, .stride = 2, .padding = 1});
  x = build.Apply("relu", Op::kRelu, {build.BatchNorm("bn", x, 4)});
  const Value skip = build.Apply("skip", Op::kShortcutA, {build.Input()},
                                 {{"stride", 2}, {"pad_before", 1}, {"pad_after", 1}});
  x = build.Apply("add", Op::kAdd, {x, skip});
  Graph graph = build.Finish(build.Apply("pool", Op::kGlobalAvgPool, {x}));
  InitialiseParameters(graph, 3);
  for (Node& node : graph.nodes) {
    for (auto& [name, tensor] : node.parameters) tensor = tensor.to(torch::kFloat64);
  }
  const torch::Tensor image = (Ramp({1, 2, 4, 4}).to(torch::kFloat64) - 15.3) / 10;
  const auto value = [&](const torch::Tensor& at) {
    return zerosweep::Run(graph, at).square().sum();
  };
  const torch::Tensor variable = image.clone().set_requires_grad(true);
  value(variable).backward();
  constexpr double kStep = 1e-6;  // error of order step² / ulp: about 1e-9
  for (const int64_t i : {0, 5, 10, 17, 31}) {
    torch::Tensor up = image.clone(), down = image.clone();
    up.view(-1)[i] += kStep;
    down.view(-1)[i] -= kStep;
    const double slope = (value(up) - value(down)).item<double>() / (2 * kStep);
    EXPECT_NEAR(variable.grad().view(-1)[i].item<double>(), slope, 1e-7);
  }
}

// Batch norms with every surrounding: alone, before activations, on one and on both sides of
// additions, before two readers, and under a sum of sums.
Graph ManyNorms() {
  GraphBuilder build({3, 8, 8});
  int made = 0;
  const auto norm = [&](Value x) {
    const std::string name = std::to_string(made++);
    return build.BatchNorm("bn" + name, build.Conv("conv" + name, x, {.in = 3, .out = 3}), 3);
  };
  const auto apply = [&](Op op, std::vector<Value> inputs) {
    return build.Apply("op" + std::to_string(made++), op, std::move(inputs));
  };
  Value x = apply(Op::kRelu, {norm(build.Input())});
  x = apply(Op::kRelu, {apply(Op::kAdd, {norm(x), x})});
  const Value one = norm(x), other = norm(x);
  x = apply(Op::kRelu6, {apply(Op::kAdd, {one, other})});
  const Value twice = norm(x);
  x = apply(Op::kAdd, {twice, twice});
  x = apply(Op::kAdd, {apply(Op::kAdd, {norm(x), x}), norm(x)});
  x = apply(Op::kAdd, {apply(Op::kAdd, {norm(x), x}), x});
  x = apply(Op::kAdd, {apply(Op::kRelu, {norm(x)}), x});
  Graph graph = build.Finish(norm(x));
  InitialiseParameters(graph, 3);
  torch::manual_seed(7);
  for (const int index : graph.BatchNorms()) {
    auto& parameters = graph.nodes[index].parameters;
    parameters["weight"] = torch::rand({3}) + 0.5;
    parameters["bias"] = torch::randn({3});
    parameters["running_mean"] = torch::randn({3});
    parameters["running_var"] = torch::rand({3}) + 0.5;
  }
  return graph;
}

// A hook that sees every input makes the operators run one by one.
TEST(ExecutorTest, WhatRunsTogetherIsWhatRunsOneByOne) {
  const Graph graph = ManyNorms();
  torch::manual_seed(8);
  const torch::Tensor image = torch::randn({2, 3, 8, 8});
  std::vector<int> order;
  const auto run = [&](bool together, const torch::Tensor& x) {
    ForwardHooks hooks;
    if (!together) hooks.on_input = [](int, const torch::Tensor&) {};
    order.clear();
    std::vector<torch::Tensor> results;
    hooks.on_moments = [&](int node, const ImageMoments& moments) {
      order.push_back(node);
      results.insert(results.end(), {moments.mean, moments.squares});
    };
    const torch::Tensor output = zerosweep::Run(graph, x, hooks);  // whose hooks add to `results`
    results.insert(results.begin(), output);
    return results;
  };
  std::vector<torch::Tensor> gradients;
  std::vector<std::vector<torch::Tensor>> results;
  for (const bool together : {false, true}) {
    const torch::Tensor x = image.clone().requires_grad_(true);
    results.push_back(run(together, x));
    EXPECT_EQ(order, graph.BatchNorms());
    torch::Tensor sum = torch::zeros({});
    for (const torch::Tensor& result : results.back()) sum = sum + result.square().mean();
    sum.backward();
    gradients.push_back(x.grad());
    const torch::NoGradGuard no_grad;  // in place
    ExpectEqual(run(together, image).front(), results.back().front());
  }
  for (size_t i = 0; i < results[0].size(); ++i)
    EXPECT_TRUE(torch::allclose(results[0][i], results[1][i], 1e-5, 1e-5)) << i;
  EXPECT_TRUE(torch::allclose(gradients[0], gradients[1], 1e-4, 1e-5));
}

// Every output on a grid, by the operators themselves or by replacements: the same bits.
TEST(ExecutorTest, OperatorsQuantizeAsReplacementsDo) {
  const Graph graph = ManyNorms();
  torch::manual_seed(9);
  const torch::Tensor image = torch::randn({2, 3, 8, 8}), before = image.clone();
  for (size_t only = 0; only <= graph.nodes.size(); ++only) {  // at the end: all of them
    ForwardHooks inside, after;
    for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
      if (only < graph.nodes.size() && static_cast<size_t>(i) != only) continue;
      const FakeGrid grid(9.7F, static_cast<float>(i % 3), 6);
      inside.fake_quantize.emplace(Value{i, 0}, grid);
      after.replace_output[{i, 0}] = [grid](const torch::Tensor& y) {
        return FakeQuantizeTensor(y, grid, /*overwrite=*/false);
      };
    }
    ExpectEqual(zerosweep::Run(graph, image, inside), zerosweep::Run(graph, image, after));
  }
  ExpectEqual(image, before);
}

}  // namespace
}  // namespace zerosweep
