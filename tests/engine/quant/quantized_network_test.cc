#include "engine/quant/quantized_network.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/graph/subgraph.h"
#include "engine/models/builder.h"
#include "engine/quant/site_hooks.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

std::vector<std::string> SiteNames(const Graph& graph, const Protocol& protocol) {
  std::vector<std::string> names;
  for (const ActivationSite& site : ActivationSites(graph, protocol, 4))
    names.push_back(graph.nodes[static_cast<size_t>(site.node)].name);
  return names;
}

// Sets every range from one forward, first wins nothing: each site sees already quantized inputs.
QuantizedNetwork CalibratedOn(const Teacher& teacher, const Protocol& protocol,
                              const torch::Tensor& images, int w, int a, bool fold = false) {
  QuantizedNetwork network(teacher, {protocol, fold, w, a});
  network.Forward(images, [&](size_t site, const torch::Tensor& x) {
    QuantizedActivation& activation = network.activations()[site];
    activation.grid =
        MakeUniformGrid(x.min().clamp_max(0), x.max().clamp_min(0), activation.site.bits);
  });
  return network;
}

TEST(QuantizedNetworkTest, PlacementsPutQuantizersWhereTheProtocolSays) {
  const Teacher teacher = TinyTeacher();
  using Names = std::vector<std::string>;
  EXPECT_EQ(SiteNames(teacher.graph, {.act_placement = ActPlacement::kRelu}),
            (Names{"relu1", "relu2"}));
  // bn2 feeds the add and fc makes the logits: neither is quantized.
  EXPECT_EQ(SiteNames(teacher.graph, {.act_placement = ActPlacement::kOpOutput}),
            (Names{"relu1", "relu2"}));
  EXPECT_EQ(SiteNames(teacher.graph, {.act_placement = ActPlacement::kOpInput}),
            (Names{"relu1", "flatten"}));
}

TEST(QuantizedNetworkTest, ExcludedOperatorsAndWhatOnlyTheyReadStayInFullPrecision) {
  const Teacher teacher = TinyTeacher();
  using Names = std::vector<std::string>;
  const auto names = [&](ActPlacement placement, const std::string& exclude) {
    return SiteNames(teacher.graph, {.act_placement = placement, .exclude = exclude});
  };
  // fc reads relu2 through a pool; others read relu1, too.
  EXPECT_EQ(names(ActPlacement::kRelu, "^fc$"), Names{"relu1"});
  EXPECT_EQ(names(ActPlacement::kOpInput, "^fc$"), Names{"relu1"});
  EXPECT_EQ(names(ActPlacement::kRelu, "conv2"), (Names{"relu1", "relu2"}));
  // Also over the protocol's own bits.
  const Protocol protocol{.first_w = 8, .last_w = 8, .exclude = "conv1|fc"};
  EXPECT_EQ(WeightBits(teacher.graph, protocol, 4),
            (std::vector<int>{kPassThroughBits, 4, kPassThroughBits}));
  for (const char* wrong : {"fx", "(conv"})
    EXPECT_THROW(WeightBits(teacher.graph, {.exclude = wrong}, 4), Error) << wrong;
}

// bn2 hands its tensor to the add alone; the pool makes values that lie on no grid.
TEST(QuantizedNetworkTest, BranchesAndPoolsMayBeQuantizedToo) {
  const Teacher teacher = TinyTeacher();
  Protocol protocol{.act_placement = ActPlacement::kOpOutput, .last_in_a = 6};
  const auto sites = [&] {
    std::map<std::string, int> bits;
    for (const ActivationSite& site : ActivationSites(teacher.graph, protocol, 4))
      bits[teacher.graph.nodes[static_cast<size_t>(site.node)].name] = site.bits;
    return bits;
  };
  using Bits = std::map<std::string, int>;
  EXPECT_EQ(sites(), (Bits{{"relu1", 4}, {"relu2", 6}}));
  protocol.branch_a = 8;
  EXPECT_EQ(sites(), (Bits{{"relu1", 4}, {"bn2", 8}, {"relu2", 6}}));
  protocol.branch_a = 0;
  EXPECT_EQ(sites(), (Bits{{"relu1", 4}, {"bn2", 4}, {"relu2", 6}}));
  protocol.branch_a = kPassThroughBits;
  protocol.pooled_a = 8;  // the last op then reads what the last pool makes
  EXPECT_EQ(sites(), (Bits{{"relu1", 4}, {"relu2", 4}, {"pool", 8}, {"mean", 6}}));
}

// Stages that were named before a field existed lack it.
TEST(QuantizedNetworkTest, FieldsThatAreMissingAreNeutral) {
  const Protocol protocol = Protocol::FromJson({{"act_placement", "op_output"}});
  EXPECT_EQ(protocol.act_placement, ActPlacement::kOpOutput);
  EXPECT_EQ(protocol.branch_a, kPassThroughBits);
  EXPECT_EQ(protocol.pooled_a, kPassThroughBits);
  EXPECT_FALSE(protocol.symmetric_weights);
}

TEST(QuantizedNetworkTest, WeightsAreSymmetricWhereTheProtocolSaysSo) {
  const Teacher teacher = TinyTeacher();
  const Protocol protocol = Protocol::FromJson({{"w_grid", "symmetric_per_channel"}});
  const QuantizedNetwork network(teacher, {protocol, true, 4, 8});
  for (const auto& [node, weight] : network.weights()) {
    EXPECT_EQ(weight.grid.offset.abs().max().item<float>(), 0);
    EXPECT_EQ(weight.codes.abs().max().item<int>(), 7);
  }
}

// A quantizer may overwrite what nothing else reads, and nothing else.
TEST(QuantizedNetworkTest, WhatTwoShortcutsReadIsNotOverwritten) {
  GraphBuilder build({1, 2, 2});
  const Value stem = build.Apply("relu1", Op::kRelu, {build.Input()});
  const Value branch = build.Apply("relu2", Op::kRelu, {stem});
  const Value first = build.Apply("add1", Op::kAdd, {stem, branch});
  const Graph graph = build.Finish(build.Apply("add2", Op::kAdd, {stem, first}));
  const std::vector<ActivationSite> sites = {
      {.node = stem.node, .bits = 4, .exempt = {first.node, graph.output.node}},
      {.node = stem.node, .bits = 4, .only = first.node},
      {.node = stem.node, .bits = 4, .only = graph.output.node},
      {.node = branch.node, .bits = 4}};
  int overwritten = 0;
  const SiteHooks doubling(graph, sites,
                           [&](size_t, int, torch::Tensor tensor) { return tensor * 2; });
  const SiteHooks in_place(graph, sites, [&](size_t, int, const torch::Tensor& tensor) {
    if (!Unshared(tensor)) return tensor * 2;
    ++overwritten;
    return tensor.mul_(2);
  });
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = torch::ones({1, 1, 2, 2});
  // relu2: 2 · 2; add1: 2 + 4; add2: 2 + 6.
  EXPECT_TRUE(torch::equal(zerosweep::Run(graph, x, doubling.hooks()), 8 * x));
  EXPECT_TRUE(torch::equal(zerosweep::Run(graph, x, in_place.hooks()), 8 * x));
  EXPECT_EQ(overwritten, 1);  // relu2's own output
}

TEST(QuantizedNetworkTest, AShortcutMayQuantizeForItself) {
  const Teacher teacher = SkipTeacher();
  const Graph& graph = teacher.graph;
  const int relu1 = graph.Find("relu1"), add = graph.Find("add");
  const torch::Tensor x = torch::randn({4, 3, 8, 8});
  const torch::Tensor stem = zerosweep::Run(Extract(graph, {0, 0}, {relu1, 0}).graph, x);
  for (const ActPlacement placement :
       {ActPlacement::kRelu, ActPlacement::kOpOutput, ActPlacement::kOpInput}) {
    const Protocol protocol{.act_placement = placement, .own_shortcuts = true};
    const std::vector<ActivationSite> sites = ActivationSites(graph, protocol, 4);
    ASSERT_EQ(sites.size(), 3u);
    EXPECT_EQ(sites[0].exempt, std::vector<int>{add});
    EXPECT_FALSE(sites[0].only.has_value());
    EXPECT_EQ(sites[1].only, add);
    EXPECT_EQ(sites[1].value(), (Value{relu1, 0}));
    EXPECT_EQ(sites[1].bits, 4);

    QuantizedNetwork network = CalibratedOn(teacher, protocol, x, 32, 4);
    network.activations()[1].grid = MakeUniformGrid(torch::zeros({}), torch::full({}, 0.3), 4);
    ForwardHooks hooks;  // by hand, on the network without quantizers
    const auto quantized = [&](size_t site) {
      return [&, site](const torch::Tensor&) {
        return FakeQuantize(stem, network.activations()[site].grid);
      };
    };
    hooks.replace_input = {{{add, 1}, quantized(1)}, {{graph.Find("conv2"), 0}, quantized(0)}};
    hooks.replace_output[network.activations()[2].site.value()] = [&](const torch::Tensor& output) {
      return FakeQuantize(output, network.activations()[2].grid);
    };
    EXPECT_TRUE(torch::equal(network.Forward(x), zerosweep::Run(graph, x, hooks)));
    TempFolder folder;
    network.Save(folder.path());
    const QuantizedNetwork loaded = QuantizedNetwork::Load(teacher, folder.path());
    EXPECT_TRUE(torch::equal(loaded.Forward(x), network.Forward(x)));
  }
}

TEST(QuantizedNetworkTest, WhatOnlyAnAdditionReadsIsNoShortcut) {
  // A branch that ends with a ReLU before the addition (SqueezeNext).
  GraphBuilder build({1, 4, 4});
  const Value stem = build.Apply(
      "relu1", Op::kRelu, {build.Conv("conv1", build.Input(), {.in = 1, .out = 2, .kernel = 1})});
  const Value branch =
      build.Apply("relu2", Op::kRelu, {build.Conv("conv2", stem, {.in = 2, .out = 2})});
  const Value sum = build.Apply("add", Op::kAdd, {branch, stem});
  const Graph graph = build.Finish(
      build.Apply("flatten", Op::kFlatten, {build.Conv("conv3", sum, {.in = 2, .out = 2})}));
  const std::vector<ActivationSite> sites = ActivationSites(graph, {.identity_fp = true}, 4);
  ASSERT_EQ(sites.size(), 2u);
  EXPECT_EQ(sites[0].exempt, std::vector<int>{graph.Find("add")});
  EXPECT_TRUE(sites[1].exempt.empty());
}

// conv1 → ReLU → chunk; conv2 reads the second half; both halves → 1×1 convolution as classifier.
Teacher SplitTeacher() {
  GraphBuilder build({1, 4, 4});
  Value x = build.Conv("conv1", build.Input(), {.in = 1, .out = 4, .kernel = 3});
  x = build.Apply("relu", Op::kRelu, {x});
  const std::vector<Value> halves = build.Chunk("chunk", x, 2);
  const Value y = build.Conv("conv2", halves[1], {.in = 2, .out = 2});
  x = build.Apply("concat", Op::kConcat, {halves[0], y});
  x = build.Apply("pool", Op::kGlobalAvgPool, {x});
  x = build.Conv("conv3", x, {.in = 4, .out = 3});
  Teacher teacher;
  teacher.graph = build.Finish(build.Apply("flatten", Op::kFlatten, {x}));
  InitialiseParameters(teacher.graph, 1);
  return teacher;
}

TEST(QuantizedNetworkTest, OnePartOfASplitTensorMayBeQuantizedAlone) {
  const Teacher teacher = SplitTeacher();
  const Protocol protocol{.act_placement = ActPlacement::kOpInput};
  const std::vector<ActivationSite> sites = ActivationSites(teacher.graph, protocol, 2);
  ASSERT_EQ(sites.size(), 2u);
  EXPECT_EQ(sites[0].value(), (Value{3, 1}));  // what conv2 reads; the other half goes on as it is
  EXPECT_EQ(teacher.graph.nodes[static_cast<size_t>(sites[1].node)].name, "pool");
  const torch::Tensor x = torch::randn({4, 1, 4, 4});
  QuantizedNetwork network = CalibratedOn(teacher, protocol, x, 32, 2);
  torch::Tensor half, other;
  network.Forward(x, [&](size_t site, const torch::Tensor& t) {
    if (site == 0) half = t;
  });
  ForwardHooks hooks;
  hooks.on_input = [&](int node, const torch::Tensor& t) {
    if (teacher.graph.nodes[static_cast<size_t>(node)].name == "chunk") other = t;
  };
  zerosweep::Run(teacher.graph, x, hooks);
  EXPECT_TRUE(torch::equal(half, other.slice(1, 2)));
  TempFolder folder;
  network.Save(folder.path());
  EXPECT_TRUE(
      torch::equal(QuantizedNetwork::Load(teacher, folder.path()).Forward(x), network.Forward(x)));
  // conv1 reads the image; conv2 and conv3 read 2 bits.
  EXPECT_EQ(network.BitOps(), 32.0 * 32 * (4 * 4 * 9) + 32.0 * 2 * (4 * 2 * 2 + 4 * 3));
}

TEST(QuantizedNetworkTest, LogitsOfAConvolutionAreNotQuantizedEither) {
  EXPECT_EQ(SiteNames(SplitTeacher().graph, {.act_placement = ActPlacement::kOpOutput}),
            (std::vector<std::string>{"relu", "conv2"}));
}

TEST(QuantizedNetworkTest, FirstAndLastOpHaveTheirOwnBits) {
  const Teacher teacher = TinyTeacher();
  const Protocol protocol{.first_w = 8, .stem_out_a = 8, .last_w = 6, .last_in_a = 5};
  EXPECT_EQ(WeightBits(teacher.graph, protocol, 4), (std::vector<int>{8, 4, 6}));
  Protocol op_input = protocol;
  op_input.act_placement = ActPlacement::kOpInput;
  const std::vector<ActivationSite> sites = ActivationSites(teacher.graph, op_input, 4);
  EXPECT_EQ(sites[0].bits, 8);  // relu1: made by the first op
  EXPECT_EQ(sites[1].bits, 5);  // flatten: read by the last
  // Behind operators the last op reads, through pooling and flattening, what the last add made.
  Protocol op_output = protocol;
  op_output.act_placement = ActPlacement::kOpOutput;
  EXPECT_EQ(ActivationSites(teacher.graph, op_output, 4).back().bits, 5);
  EXPECT_EQ(WeightBits(teacher.graph, Protocol{}, 4), (std::vector<int>{4, 4, 4}));
}

TEST(QuantizedNetworkTest, PassThroughIsTheTeacherItself) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({5, 3, 8, 8});
  const QuantizedNetwork network = CalibratedOn(teacher, Protocol{}, x, 32, 32);
  EXPECT_TRUE(torch::equal(network.Forward(x), zerosweep::Run(teacher.graph, x)));
}

TEST(QuantizedNetworkTest, EightBitsStayNearAndFewerBitsGoFarther) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({64, 3, 8, 8});
  const torch::Tensor reference = zerosweep::Run(teacher.graph, x);
  double last = 0;
  for (const int bits : {8, 6, 4, 2}) {
    const torch::Tensor error =
        CalibratedOn(teacher, Protocol{}, x, bits, bits).Forward(x) - reference;
    const double relative = (error.norm() / reference.norm()).item<double>();
    EXPECT_GT(relative, last) << bits;
    last = relative;
    if (bits == 8) {
      EXPECT_LT(relative, 0.02);
    }
  }
}

TEST(QuantizedNetworkTest, EveryQuantizedActivationTakesAtMostTwoToTheBitsValues) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({16, 3, 8, 8});
  const QuantizedNetwork network = CalibratedOn(teacher, Protocol{}, x, 4, 3);
  int seen = 0;
  ForwardHooks hooks;
  network.Forward(x, [&](size_t site, const torch::Tensor& tensor) {
    const torch::Tensor quantized = FakeQuantize(tensor, network.activations()[site].grid);
    EXPECT_LE(std::get<0>(at::_unique(quantized)).numel(), 8);
    ++seen;
  });
  EXPECT_EQ(seen, 2);
}

TEST(QuantizedNetworkTest, ExemptReadersSeeTheUnquantizedTensor) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({8, 3, 8, 8});
  Protocol protocol;
  QuantizedNetwork network = CalibratedOn(teacher, protocol, x, 32, 2);
  const int pool = network.graph().Find("pool");
  const torch::Tensor shared = network.Forward(x);
  network.activations()[0].site.exempt = {pool};
  const torch::Tensor fp = network.Forward(x);
  EXPECT_FALSE(torch::equal(shared, fp));

  // By hand: quantize relu1 for conv2 alone.
  ForwardHooks hooks;
  const auto quantized = [&](size_t site) {
    return [&, site](const torch::Tensor& tensor) {
      return FakeQuantize(tensor, network.activations()[site].grid);
    };
  };
  hooks.replace_input[{teacher.graph.Find("conv2"), 0}] = quantized(0);
  hooks.replace_output[{teacher.graph.Find("relu2"), 0}] = quantized(1);
  EXPECT_TRUE(torch::equal(fp, zerosweep::Run(teacher.graph, x, hooks)));
}

TEST(QuantizedNetworkTest, SavedAndLoadedNetworksGiveTheSameBits) {
  const TempFolder temp;
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({8, 3, 8, 8});
  for (const bool fold : {false, true}) {
    Protocol protocol{.act_placement = ActPlacement::kOpInput,
                      .first_w = 8,
                      .identity_fp = true,
                      .option_a_fp = true};
    const QuantizedNetwork network = CalibratedOn(teacher, protocol, x, 4, 5, fold);
    network.Save(temp.path());
    const QuantizedNetwork loaded = QuantizedNetwork::Load(teacher, temp.path());
    EXPECT_TRUE(torch::equal(network.Forward(x), loaded.Forward(x))) << fold;
    EXPECT_EQ(network.WeightBytes(), loaded.WeightBytes());
    EXPECT_EQ(network.BitOps(), loaded.BitOps());
  }
}

TEST(QuantizedNetworkTest, SizeAndBitOpsCountByHand) {
  const Teacher teacher = TinyTeacher();
  const QuantizedNetwork network(teacher, {Protocol{}, false, 4, 2});
  // Weights: 8·3·9 + 8·8·9 + 4·8 = 824.
  EXPECT_EQ(network.WeightBytes(), 824 * 4 / 8.0);
  // conv1: 216 MACs at 64 pixels reads the image (32 bits); conv2: 576 at 16 pixels reads relu1 (2
  // bits); fc reads the mean of quantized values, which is no quantized tensor (32 bits).
  EXPECT_EQ(network.BitOps(), 216.0 * 64 * 4 * 32 + 576.0 * 16 * 4 * 2 + 32.0 * 4 * 32);
}

TEST(QuantizedNetworkTest, AnArtifactOfAnotherTeacherIsRefused) {
  const TempFolder temp;
  const Teacher teacher = TinyTeacher();
  CalibratedOn(teacher, Protocol{}, torch::randn({2, 3, 8, 8}), 4, 4).Save(temp.path());
  Teacher other = teacher;
  other.graph = teacher.graph.Clone();
  other.graph.nodes[1].name = "renamed";
  try {
    QuantizedNetwork::Load(other, temp.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("the network has no node 'conv1'"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace zerosweep
