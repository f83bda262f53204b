#include "engine/import/draft.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <limits>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/graph/structure.h"
#include "tests/support/error_message.h"

namespace zerosweep {
namespace {

constexpr double kRounding = 1e-5;

torch::Tensor Waves(at::IntArrayRef shape) {
  int64_t values = 1;
  for (const int64_t n : shape) values *= n;
  return torch::sin(torch::arange(values, torch::kFloat32) * 0.9f).reshape(shape);
}

NodeOrigin At(const std::string& name, const std::string& op = "Op") { return {name, op}; }

std::vector<std::string> NamesOf(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.emplace_back(ToString(node.op));
  return names;
}

void ExpectClose(const torch::Tensor& got, const torch::Tensor& wanted) {
  ASSERT_EQ(got.sizes(), wanted.sizes());
  EXPECT_LE((got - wanted).abs().max().item<double>(),
            kRounding * wanted.abs().max().item<double>());
}

// Drafts a network of one operator, or several, and returns its graph.
template <typename Body>
Graph Drafted(std::vector<int64_t> shape, const Body& body, int64_t batch = 2) {
  GraphDraft draft(std::move(shape), batch, "net.onnx");
  const DraftValue output = body(draft);
  return draft.Finish({{"out", output}}).graph;
}

TEST(DraftTest, WhatDependsOnNoImageIsComputedAtOnce) {
  GraphDraft draft({1, 2, 2}, 2, "net.onnx");
  const DraftValue two = GraphDraft::Constant(torch::tensor({2.f}));
  const DraftValue sum = draft.Apply(At("sum"), Op::kAdd, {two, two});
  ASSERT_TRUE(sum.constant());
  EXPECT_EQ(sum.tensor.item<float>(), 4);
  const DraftValue scaled = draft.Apply(At("scale"), Op::kMul, {draft.Input(), sum});
  const Graph graph = draft.Finish({{"out", scaled}}).graph;
  EXPECT_EQ(NamesOf(graph), (std::vector<std::string>{"input", "scale"}));
  const torch::Tensor x = Waves({3, 1, 2, 2});
  ExpectClose(zerosweep::Run(graph, x), 4 * x);
}

TEST(DraftTest, AConstantOperandStaysOnItsSide) {
  const torch::Tensor x = Waves({3, 2, 2, 2}) + 2;
  const torch::Tensor c = torch::tensor({2.f, 5.f}).view({2, 1, 1});
  const auto expect = [&](Op op, bool left, const torch::Tensor& wanted) {
    const Graph graph = Drafted({2, 2, 2}, [&](GraphDraft& draft) {
      const DraftValue constant = GraphDraft::Constant(c);
      return left ? draft.Apply(At("op"), op, {constant, draft.Input()})
                  : draft.Apply(At("op"), op, {draft.Input(), constant});
    });
    ExpectClose(zerosweep::Run(graph, x), wanted);
  };
  expect(Op::kAdd, true, c + x);
  expect(Op::kSub, true, c - x);
  expect(Op::kSub, false, x - c);
  expect(Op::kMul, true, c * x);
  expect(Op::kDiv, true, c / x);
  expect(Op::kDiv, false, x / c);
}

TEST(DraftTest, AProductWithAMatrixIsALinearLayerAndTheSumItsBias) {
  const torch::Tensor weight = Waves({4, 3}), bias = Waves({3}) + 1;
  const Graph graph = Drafted({1, 2, 2}, [&](GraphDraft& draft) {
    const DraftValue flat = draft.Reshape(At("flat"), draft.Input(), {2, -1});
    const DraftValue y = draft.Apply(At("fc"), Op::kMatMul, {flat, GraphDraft::Constant(weight)});
    return draft.Apply(At("sum"), Op::kAdd, {y, GraphDraft::Constant(bias)});
  });
  EXPECT_EQ(NamesOf(graph), (std::vector<std::string>{"input", "flatten", "linear"}));
  EXPECT_EQ(graph.nodes[2].name, "fc");
  const torch::Tensor x = Waves({3, 1, 2, 2});
  ExpectClose(zerosweep::Run(graph, x), torch::matmul(x.flatten(1), weight) + bias);
}

TEST(DraftTest, ATransposedConvolutionIsLibTorchs) {
  struct Case {
    IntPair stride, padding, output_padding, dilation;
    int64_t groups;
  };
  const std::vector<Case> cases = {{{1, 1}, {0, 0}, {0, 0}, {1, 1}, 1},
                                   {{2, 2}, {0, 0}, {0, 0}, {1, 1}, 2},
                                   {{2, 3}, {1, 1}, {1, 0}, {1, 1}, 1},
                                   {{2, 2}, {1, 2}, {1, 1}, {2, 1}, 2},
                                   {{1, 1}, {2, 2}, {0, 0}, {1, 1}, 1}};
  const torch::Tensor x = Waves({3, 4, 5, 6}), bias = Waves({6});
  for (const auto& [stride, padding, output_padding, dilation, groups] : cases) {
    const torch::Tensor weight = Waves({4, 6 / groups, 3, 2});
    const DraftWindow window{stride, dilation, {padding[0], padding[1], padding[0], padding[1]}};
    const Graph graph = Drafted(
        {4, 5, 6}, [&, &output_padding = output_padding, &groups = groups](GraphDraft& draft) {
          return draft.TransposedConvolution(At("up"), draft.Input(), weight, bias, window,
                                             output_padding, groups);
        });
    ExpectClose(zerosweep::Run(graph, x),
                torch::conv_transpose2d(x, weight, bias, stride, padding, output_padding, groups,
                                        dilation));
  }
}

TEST(DraftTest, UnequalBordersOfConvolutionsAndPoolsAreKept) {
  const torch::Tensor x = Waves({3, 2, 5, 5}) - 2, weight = Waves({3, 2, 3, 3});
  const DraftWindow window{.stride = {2, 2}, .pads = {0, 1, 1, 0}};
  const torch::Tensor padded = torch::constant_pad_nd(x, {1, 0, 0, 1});
  const Graph convolution = Drafted({2, 5, 5}, [&](GraphDraft& draft) {
    return draft.Convolution(At("conv"), draft.Input(), weight, {}, window, 1);
  });
  ExpectClose(zerosweep::Run(convolution, x), torch::conv2d(padded, weight, {}, 2));
  // All of x is negative: a border of zeros would win.
  const Graph pool = Drafted({2, 5, 5}, [&](GraphDraft& draft) {
    return draft.Pool(At("pool"), Op::kMaxPool, draft.Input(), {3, 3}, window, false);
  });
  const torch::Tensor low = torch::constant_pad_nd(x, {1, 0, 0, 1}, -100);
  ExpectClose(zerosweep::Run(pool, x), torch::max_pool2d(low, 3, 2));
  const Graph even = Drafted({2, 5, 5}, [&](GraphDraft& draft) {
    return draft.Convolution(At("conv"), draft.Input(), weight, {}, {.pads = {1, 1, 1, 1}}, 1);
  });
  EXPECT_EQ(NamesOf(even), (std::vector<std::string>{"input", "conv2d"}));
}

TEST(DraftTest, ZerosAroundAConvolutionAreItsPadding) {
  const torch::Tensor weight = Waves({3, 2, 3, 3});
  const Graph graph = Drafted({2, 5, 5}, [&](GraphDraft& draft) {
    const DraftValue padded = draft.Apply(At("pad"), Op::kPad, {draft.Input()},
                                          {{"pads", {1, 1, 2, 2}}, {"mode", "constant"}});
    return draft.Convolution(At("conv"), padded, weight, {}, {}, 1);
  });
  EXPECT_EQ(NamesOf(graph), (std::vector<std::string>{"input", "conv2d"}));
  const torch::Tensor x = Waves({3, 2, 5, 5});
  ExpectClose(zerosweep::Run(graph, x), torch::conv2d(x, weight, {}, 1, at::IntArrayRef{2, 1}));
}

TEST(DraftTest, FindsTheActivationsThatExportersTakeApart) {
  using Body = std::function<DraftValue(GraphDraft&, const DraftValue&)>;
  const auto number = [](float value) { return GraphDraft::Constant(torch::tensor(value)); };
  const auto relu6_of_three = [&](GraphDraft& draft, const DraftValue& x) {
    const DraftValue sum = draft.Apply(At("three"), Op::kAdd, {x, number(3)});
    return draft.Apply(At("clip"), Op::kClip, {sum}, {{"min", 0.0}, {"max", 6.0}});
  };
  const auto erf_term = [&](GraphDraft& draft, const DraftValue& x) {
    const DraftValue scaled = draft.Apply(At("div"), Op::kDiv, {x, number(1.41421356f)});
    return draft.Apply(At("one"), Op::kAdd,
                       {draft.Apply(At("erf"), Op::kErf, {scaled}), number(1)});
  };
  struct Case {
    const char* name;
    Body body;
    std::function<torch::Tensor(const torch::Tensor&)> plain;
  };
  const std::vector<Case> cases = {
      {"silu",
       [](GraphDraft& draft, const DraftValue& x) {
         return draft.Apply(At("mul"), Op::kMul, {draft.Apply(At("s"), Op::kSigmoid, {x}), x});
       },
       [](const torch::Tensor& x) { return torch::silu(x); }},
      {"hard_swish",
       [&](GraphDraft& draft, const DraftValue& x) {
         const DraftValue product = draft.Apply(At("mul"), Op::kMul, {x, relu6_of_three(draft, x)});
         return draft.Apply(At("six"), Op::kDiv, {product, number(6)});
       },
       [](const torch::Tensor& x) { return torch::hardswish(x); }},
      {"hard_swish",
       [&](GraphDraft& draft, const DraftValue& x) {
         const DraftValue gate =
             draft.Apply(At("six"), Op::kDiv, {relu6_of_three(draft, x), number(6)});
         return draft.Apply(At("mul"), Op::kMul, {gate, x});
       },
       [](const torch::Tensor& x) { return torch::hardswish(x); }},
      {"hard_sigmoid",
       [&](GraphDraft& draft, const DraftValue& x) {
         return draft.Apply(At("six"), Op::kMul, {relu6_of_three(draft, x), number(1.f / 6)});
       },
       [](const torch::Tensor& x) { return torch::hardsigmoid(x); }},
      {"mish",
       [](GraphDraft& draft, const DraftValue& x) {
         const DraftValue inner =
             draft.Apply(At("t"), Op::kTanh, {draft.Apply(At("p"), Op::kSoftplus, {x})});
         return draft.Apply(At("mul"), Op::kMul, {x, inner});
       },
       [](const torch::Tensor& x) { return torch::mish(x); }},
      {"gelu",
       [&](GraphDraft& draft, const DraftValue& x) {
         const DraftValue product = draft.Apply(At("mul"), Op::kMul, {x, erf_term(draft, x)});
         return draft.Apply(At("half"), Op::kMul, {product, number(0.5)});
       },
       [](const torch::Tensor& x) { return torch::gelu(x); }},
      {"gelu",
       [&](GraphDraft& draft, const DraftValue& x) {
         const DraftValue half = draft.Apply(At("half"), Op::kMul, {x, number(0.5)});
         return draft.Apply(At("mul"), Op::kMul, {half, erf_term(draft, x)});
       },
       [](const torch::Tensor& x) { return torch::gelu(x); }}};
  const torch::Tensor x = 5 * Waves({3, 2, 3, 3});
  for (const auto& [name, body, plain] : cases) {
    const Graph graph = Drafted(
        {2, 3, 3}, [&body = body](GraphDraft& draft) { return body(draft, draft.Input()); });
    EXPECT_EQ(NamesOf(graph), (std::vector<std::string>{"input", name}));
    ExpectClose(zerosweep::Run(graph, x), plain(x));
  }
}

TEST(DraftTest, OperatorsWithOtherNumbersStayApart) {
  // x · min(max(x + 2, 0), 6) is no hard swish, and a scale of 0.4 is none of GELU's.
  const Graph graph = Drafted({2, 3, 3}, [](GraphDraft& draft) {
    const DraftValue two = GraphDraft::Constant(torch::tensor(2.f));
    const DraftValue sum = draft.Apply(At("two"), Op::kAdd, {draft.Input(), two});
    const DraftValue clip = draft.Apply(At("clip"), Op::kClip, {sum}, {{"min", 0.0}, {"max", 6.0}});
    const DraftValue product = draft.Apply(At("mul"), Op::kMul, {draft.Input(), clip});
    return draft.Apply(At("six"), Op::kDiv, {product, GraphDraft::Constant(torch::tensor(6.f))});
  });
  EXPECT_EQ(NamesOf(graph), (std::vector<std::string>{"input", "offset", "relu6", "mul", "scale"}));
}

TEST(DraftTest, FindsTheShuffleOfChannels) {
  const Graph graph = Drafted({6, 2, 3}, [](GraphDraft& draft) {
    DraftValue x = draft.Reshape(At("in"), draft.Input(), {2, 3, 2, 2, 3});
    x = draft.Apply(At("turn"), Op::kPermute, {x}, {{"dims", {0, 2, 1, 3, 4}}});
    return draft.Reshape(At("out"), x, {2, -1, 2, 3});
  });
  EXPECT_EQ(NamesOf(graph), (std::vector<std::string>{"input", "channel_shuffle"}));
  const torch::Tensor x = Waves({3, 6, 2, 3});
  EXPECT_TRUE(torch::equal(zerosweep::Run(graph, x), torch::channel_shuffle(x, 3)));
}

TEST(DraftTest, FindsTheShortcutOfTypeA) {
  const auto drafted = [](int64_t end) {
    return Drafted({2, 4, 4}, [&](GraphDraft& draft) {
      DraftValue x = draft.Input();
      for (const int dim : {2, 3})
        x = draft.Apply(At("slice"), Op::kSlice, {x},
                        {{"dim", dim}, {"start", 0}, {"end", end}, {"step", 2}});
      return draft.Apply(At("pad"), Op::kPad, {x}, {{"pads", {0, 0, 0, 0, 1, 2}}});
    });
  };
  const Graph graph = drafted(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(NamesOf(graph), (std::vector<std::string>{"input", "shortcut_a"}));
  const torch::Tensor x = Waves({3, 2, 4, 4});
  const torch::Tensor sampled = x.slice(2, 0, 4, 2).slice(3, 0, 4, 2);
  EXPECT_TRUE(
      torch::equal(zerosweep::Run(graph, x), torch::constant_pad_nd(sampled, {0, 0, 0, 0, 1, 2})));
  EXPECT_EQ(NamesOf(drafted(2)).size(), 4u);  // a part of the map alone
}

TEST(DraftTest, SeveralOutputsAreOne) {
  GraphDraft draft({2, 2, 2}, 1, "net.onnx");
  const DraftValue map = draft.Apply(At("relu"), Op::kRelu, {draft.Input()});
  const DraftValue mean =
      draft.Apply(At("mean"), Op::kMean, {map}, {{"dims", {-2, -1}}, {"keepdim", false}});
  const ImportedNetwork network = draft.Finish({{"map", map}, {"mean", mean}});
  ASSERT_EQ(network.outputs.size(), 2u);
  EXPECT_EQ(network.outputs[0].shape, (std::vector<int64_t>{2, 2, 2}));
  EXPECT_EQ(network.outputs[1].shape, (std::vector<int64_t>{2}));
  const torch::Tensor x = Waves({3, 2, 2, 2}), relu = torch::relu(x);
  ExpectClose(zerosweep::Run(network.graph, x),
              torch::cat({relu.flatten(1), relu.mean({2, 3})}, 1));
}

TEST(DraftTest, NamesAreCleanAndUnique) {
  GraphDraft draft({1, 2, 2}, 1, "net.onnx");
  DraftValue x = draft.Input();
  for (const char* name : {"/layer1/conv 1/Relu", "layer1.conv_1.Relu", "", "input"})
    x = draft.Apply(At(name), Op::kRelu, {x});
  std::vector<std::string> names;
  for (const Node& node : draft.Finish({{"out", x}}).graph.nodes) names.push_back(node.name);
  EXPECT_EQ(names, (std::vector<std::string>{"input", "layer1.conv_1.Relu", "layer1.conv_1.Relu_2",
                                             "relu", "input_2"}));
}

TEST(DraftTest, RefusesWhatCannotBeANetworkOfImages) {
  const auto refusal = [](const std::function<void(GraphDraft&)>& body) {
    return ErrorMessage(ErrorKind::kUsage, [&] {
      GraphDraft draft({2, 4, 4}, 2, "net.onnx");
      body(draft);
    });
  };
  const NodeOrigin at{"node", "Op", "net.py:7"};
  EXPECT_EQ(refusal([&](GraphDraft& draft) { draft.Refuse(at, "it is unknown"); }),
            "net.onnx: operator Op at 'node' (net.py:7): it is unknown");
  EXPECT_EQ(refusal([&](GraphDraft& draft) {
              draft.Reshape(at, draft.Input(), {4, -1});
            }),
            "net.onnx: operator Op at 'node' (net.py:7): it moves values between images");
  EXPECT_EQ(refusal([&](GraphDraft& draft) {
              draft.Apply(at, Op::kPermute, {draft.Input()}, {{"dims", {1, 0, 2, 3}}});
            }),
            "net.onnx: operator Op at 'node' (net.py:7): it moves values between images");
  EXPECT_EQ(refusal([&](GraphDraft& draft) {
              draft.Apply(at, Op::kSoftmax, {draft.Input()}, {{"dim", 0}});
            }),
            "net.onnx: operator Op at 'node' (net.py:7): it works across the images of a batch");
  EXPECT_EQ(refusal([&](GraphDraft& draft) {
              const torch::Tensor weight = torch::full({1, 2, 1, 1}, NAN);
              draft.Convolution(at, draft.Input(), weight, {}, {}, 1);
            }),
            "net.onnx: operator Op at 'node' (net.py:7): its weight holds NaN or infinity");
  EXPECT_EQ(refusal([&](GraphDraft& draft) {
              draft.Apply(at, Op::kUpsampleNearest, {draft.Input()}, {{"size", {99999, 99999}}});
            }),
            "net.onnx: operator Op at 'node' (net.py:7): it makes a tensor of 4e+10 values");
  EXPECT_EQ(refusal([&](GraphDraft& draft) {
              DraftValue x = draft.Input();
              while (x.tensor.numel() < (int64_t{1} << 25))
                x = draft.Apply(at, Op::kConcat, {x, x}, {{"dim", 3}});
              for (int i = 0; i < 100; ++i)
                x = draft.Apply(at, Op::kPermute, {x}, {{"dims", {0, 1, 3, 2}}});
            }).substr(0, 80),
            "net.onnx: operator Op at 'node' (net.py:7): with it, all tensors together have 1");
  EXPECT_EQ(refusal([&](GraphDraft& draft) {
              const torch::Tensor c = torch::tensor({-1.f, 1.f});
              draft.Apply(at, Op::kBatchNorm, {draft.Input()}, {{"eps", 1e-5}},
                          {{"running_mean", c}, {"running_var", c}});
            }),
            "net.onnx: operator Op at 'node' (net.py:7): a variance is negative");
  EXPECT_NE(refusal([&](GraphDraft& draft) {
              draft.Convolution(at, draft.Input(), torch::ones({1, 3, 1, 1}), {}, {}, 1);
            }).find("net.onnx: operator Op at 'node' (net.py:7): "),
            std::string::npos);
  EXPECT_NE(ErrorMessage(ErrorKind::kUsage,
                         [] {
                           GraphDraft({0, 2, 2}, 1, "net.onnx");
                         })
                .find("batch of images"),
            std::string::npos);
}

TEST(DraftTest, TheStructureOfAGraphIsTheGraph) {
  const torch::Tensor weight = Waves({4, 2, 3, 3});
  const Graph graph = Drafted({2, 6, 6}, [&](GraphDraft& draft) {
    const DraftValue x =
        draft.Convolution(At("conv"), draft.Input(), weight, {}, {.pads = {1, 1, 1, 1}}, 1);
    const auto parts =
        draft.ApplyMany(At("parts"), Op::kSplit, {x}, {{"sizes", {1, 3}}, {"dim", 1}});
    return draft.Apply(At("mul"), Op::kMul, {parts[0], parts[1]});
  });
  const Json structure = ParseJson(StructureOf(graph).dump(), "structure");
  const Graph again = GraphOf(structure, StateOf(graph), "teacher.json");
  const torch::Tensor x = Waves({3, 2, 6, 6});
  EXPECT_TRUE(torch::equal(zerosweep::Run(again, x), zerosweep::Run(graph, x)));
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage, [&] { GraphOf(structure, {}, "teacher.json"); }),
            "teacher.json: 'conv.weight' is missing");
  Json unknown = structure;
  unknown["nodes"][1]["op"] = "loop";
  EXPECT_EQ(
      ErrorMessage(ErrorKind::kUsage, [&] { GraphOf(unknown, StateOf(graph), "teacher.json"); }),
      "teacher.json: this version has no operator 'loop' ('conv')");
  EXPECT_NE(ErrorMessage(ErrorKind::kUsage, [&] { GraphOf(Json::object(), {}, "teacher.json"); })
                .find("damaged"),
            std::string::npos);
}

}  // namespace
}  // namespace zerosweep
