// Min–max and percentile: which range each tensor gets.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/quant/quantizer.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

QuantizedNetwork Quantize(const char* name, const Teacher& teacher, const torch::Tensor& images,
                          const Json& given, int w_bits, int a_bits) {
  const auto& entry = QuantizerRegistry::Get(name);
  QuietProgress progress;
  SoloGroup group;
  NoCheckpoints checkpoints;
  const Protocol protocol;
  return entry
      .function({.teacher = teacher,
                 .images = images,
                 .setting = {protocol, false, w_bits, a_bits},
                 .random = RandomStreams(0),
                 .progress = progress,
                 .checkpoints = checkpoints,
                 .group = group},
                given)
      .network;
}

// The upper end of a site's range: the value of its highest code.
float Hi(const QuantizedNetwork& network, size_t site) {
  const UniformGrid& grid = network.activations()[site].grid;
  return Decode(torch::full({}, (1 << (grid.bits - 1)) - 1, torch::kInt8), grid).item<float>();
}

torch::Tensor Relu1(const Graph& graph, const torch::Tensor& x) {
  torch::Tensor seen;
  ForwardHooks hooks;
  hooks.replace_output[{graph.Find("relu1"), 0}] = [&](const torch::Tensor& output) {
    return seen = output;
  };
  zerosweep::Run(graph, x, hooks);
  return seen;
}

TEST(RangeQuantizersTest, MinMaxIsTheRunningRangeOverAllBatches) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({10, 3, 8, 8});
  for (const int batch : {10, 3}) {
    const QuantizedNetwork network = Quantize("minmax", teacher, x, {{"batch", batch}}, 32, 8);
    const torch::Tensor expected = Relu1(teacher.graph, x);
    EXPECT_EQ(FakeQuantize(torch::zeros({1}), network.activations()[0].grid).item<float>(), 0.F);
    // Nothing is quantized before this site. Convolutions of other batch sizes may round otherwise.
    EXPECT_NEAR(Hi(network, 0), expected.max().item<float>(), 1e-5);
  }
}

TEST(RangeQuantizersTest, MeansOfTheImagesOwnExtremesAreNarrower) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({10, 3, 8, 8});
  const QuantizedNetwork network =
      Quantize("minmax", teacher, x, {{"batch", 5}, {"extremes", "image_mean"}}, 32, 8);
  // Two forwards of five images: the wider of the two means, and 0 below.
  double hi = 0;
  for (const int64_t first : {0, 5}) {
    double sum = 0;
    for (int64_t i = first; i < first + 5; ++i)
      sum += Relu1(teacher.graph, x.slice(0, i, i + 1)).max().item<double>();
    hi = std::max(hi, sum / 5);
  }
  EXPECT_NEAR(Hi(network, 0), hi, 1e-5);
  EXPECT_LT(Hi(network, 0), Relu1(teacher.graph, x).max().item<float>());
}

TEST(RangeQuantizersTest, DeeperRangesSeeQuantizedTensors) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({10, 3, 8, 8});
  const QuantizedNetwork network = Quantize("minmax", teacher, x, Json::object(), 2, 2);
  torch::Tensor relu2;
  network.Forward(x, [&](size_t site, const torch::Tensor& tensor) {
    if (site == 1) relu2 = tensor;
  });
  EXPECT_NEAR(Hi(network, 1), relu2.max().item<float>(), 1e-5);
  torch::Tensor unquantized;
  ForwardHooks hooks;
  hooks.replace_output[{teacher.graph.Find("relu2"), 0}] = [&](const torch::Tensor& output) {
    return unquantized = output;
  };
  zerosweep::Run(teacher.graph, x, hooks);
  EXPECT_GT(std::abs(Hi(network, 1) - unquantized.max().item<float>()), 1e-3);
}

TEST(RangeQuantizersTest, PercentileIsAnOrderStatistic) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({10, 3, 8, 8});
  const torch::Tensor sorted = std::get<0>(Relu1(teacher.graph, x).flatten().sort());
  const int64_t n = sorted.numel();  // 10·8·64 = 5120
  const auto hi = [&](double p) {
    return Hi(Quantize("percentile", teacher, x, {{"p", p}}, 32, 8), 0);
  };
  EXPECT_NEAR(hi(1.0), sorted[n - 1].item<float>(), 1e-6);
  EXPECT_NEAR(hi(0.99), sorted[static_cast<int64_t>(std::ceil(0.99 * 5120)) - 1].item<float>(),
              1e-6);
  EXPECT_LT(hi(0.99), hi(1.0));
}

}  // namespace
}  // namespace zerosweep
