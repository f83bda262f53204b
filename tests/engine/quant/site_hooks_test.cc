#include "engine/quant/site_hooks.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

// relu1 is read by conv2 and by the addition: each takes what the quantizer made for it alone.
TEST(SiteHooksTest, EachReaderIsQuantizedForAnew) {
  const Teacher teacher = SkipTeacher();
  const Graph& graph = teacher.graph;
  const auto node = [&](const char* name) {
    for (size_t i = 0; i < graph.nodes.size(); ++i)
      if (graph.nodes[i].name == name) return static_cast<int>(i);
    return -1;
  };
  const std::vector<ActivationSite> sites = {{node("relu1"), 4, {}}};
  std::vector<int> readers;
  const auto scale_by_reader = [&](size_t, int reader, const torch::Tensor& tensor) {
    readers.push_back(reader);
    return reader == node("conv2") ? tensor * 2 : tensor * 3;
  };
  const SiteHooks hooks(graph, sites, scale_by_reader, /*each_reader=*/true);
  const torch::Tensor x = torch::randn({2, 3, 8, 8}),
                      logits = zerosweep::Run(graph, x, hooks.hooks());
  EXPECT_EQ(readers, (std::vector<int>{node("conv2"), node("add")}));

  const auto weight = [&](const char* of, const char* name) {
    const auto& parameters = graph.nodes[static_cast<size_t>(node(of))].parameters;
    const auto found = parameters.find(name);
    return found == parameters.end() ? torch::Tensor() : found->second;
  };
  const auto convolve = [&](const char* name, const torch::Tensor& input) {
    return torch::conv2d(input, weight(name, "weight"), weight(name, "bias"), 1, 1);
  };
  const torch::Tensor stem = torch::relu(convolve("conv1", x));
  const torch::Tensor sum = torch::relu(convolve("conv2", stem * 2) + stem * 3);
  const torch::Tensor expected =
      torch::linear(sum.mean({2, 3}), weight("fc", "weight"), weight("fc", "bias"));
  EXPECT_TRUE(torch::allclose(logits, expected, 1e-5, 1e-6));
}

// Where the graph ends at a site, no node inside reads it: it is quantized all the same.
TEST(SiteHooksTest, TheGraphsOwnOutputIsQuantizedOnce) {
  const Teacher teacher = SkipTeacher();
  const std::vector<ActivationSite> sites = {{teacher.graph.output.node, 4, {}}};
  const auto triple = [](size_t, int reader, const torch::Tensor& tensor) {
    EXPECT_EQ(reader, kEveryReader);
    return tensor * 3;
  };
  const SiteHooks hooks(teacher.graph, sites, triple, /*each_reader=*/true);
  const torch::Tensor x = torch::randn({2, 3, 8, 8});
  EXPECT_TRUE(torch::equal(zerosweep::Run(teacher.graph, x, hooks.hooks()),
                           zerosweep::Run(teacher.graph, x) * 3));
}

}  // namespace
}  // namespace zerosweep
