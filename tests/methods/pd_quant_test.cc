#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "engine/graph/subgraph.h"
#include "engine/import/safetensors.h"
#include "engine/quant/quantizer.h"
#include "methods/pd_quant/correction.h"
#include "tests/support/engine/memory_checkpoints.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

class PdQuantTest : public testing::Test {
 protected:
  PdQuantTest() {
    torch::manual_seed(0);
    images_ = torch::randn({10, 3, 8, 8});
  }

  QuantizedNetwork Quantize(const char* name, const Json& given,
                            const std::map<std::string, std::filesystem::path>& inputs = {}) {
    return Run(name, given, inputs).network;
  }

  Quantization Run(const char* name, const Json& given,
                   const std::map<std::string, std::filesystem::path>& inputs = {}) {
    const auto& entry = QuantizerRegistry::Get(name);
    QuietProgress progress;
    SoloGroup group;
    NoCheckpoints checkpoints;
    const QuantizationSetting setting{
        {.act_placement = ActPlacement::kOpOutput, .first_w = 8}, true, 3, 3};
    return entry.function({.teacher = teacher_,
                           .images = images_,
                           .setting = setting,
                           .random = RandomStreams(0),
                           .progress = progress,
                           .checkpoints = checkpoints,
                           .group = group,
                           .inputs = inputs},
                          given);
  }

  std::map<std::string, torch::Tensor> Correct(const CorrectionSettings& settings,
                                               Checkpoints& checkpoints) {
    QuietProgress progress;
    return CorrectInputs(teacher_.graph, images_, settings, progress, checkpoints);
  }

  Teacher teacher_ = TinyTeacher();
  torch::Tensor images_;
};

// Under one protocol, rate and seed: with lamb_r 0 and a correction of no steps nothing is left but
// QDrop, bit for bit.
TEST_F(PdQuantTest, WithoutItsTermAndCorrectionItIsQDrop) {
  const TempFolder temp;
  NoCheckpoints none;
  WriteSafetensors(temp.path() / "correction.safetensors", Correct({.iterations = 0}, none));
  const std::map<std::string, std::filesystem::path> correction = {{"correction", temp.path()}};
  const Json params = {{"iterations", 40}, {"batch", 4}, {"lr_rounding", 3e-2}};
  Json pd = params;
  pd["lamb_r"] = 0;
  const Quantization qdrop = Run("qdrop", params), ours = Run("pd_quant", pd, correction);
  EXPECT_EQ(CurvesToJson(ours.curves), CurvesToJson(qdrop.curves));
  EXPECT_EQ(ours.metrics, qdrop.metrics);
  const auto state = ours.network.State(), expected = qdrop.network.State();
  ASSERT_EQ(state.size(), expected.size());
  for (const auto& [name, tensor] : state)
    EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;

  pd["lamb_r"] = 0.1;
  EXPECT_NE(CurvesToJson(Run("pd_quant", pd, correction).curves), CurvesToJson(qdrop.curves));
}

TEST_F(PdQuantTest, ThePredictionDifferenceMatters) {
  const Json params = {{"iterations", 30}, {"batch", 4}, {"lr_rounding", 3e-2}};
  Json strong = params, none = params;
  strong["lamb_r"] = 1e-3;
  none["lamb_r"] = 1e12;
  const torch::Tensor target = torch::softmax(zerosweep::Run(teacher_.graph, images_), 1);
  const auto divergence = [&](const Json& given) {
    const torch::Tensor own = torch::log_softmax(Quantize("pd_quant", given).Forward(images_), 1);
    return (target * (target.log() - own)).sum(1).mean().item<double>();
  };
  EXPECT_LT(divergence(strong), divergence(none));
}

// Section "per unit", step 2: image by image, channel by channel, in double precision.
TEST_F(PdQuantTest, TheCorrectionLossIsTheSpecifications) {
  const Graph& graph = teacher_.graph;
  const Unit unit = BlockUnits(graph).front();
  const Graph inside = Extract(graph, unit.input, unit.output).graph;
  const torch::Tensor p0 = images_, p = images_ + 0.1 * torch::randn_like(images_);
  double expected = 50 * ((p - p0).square().sum() / (10.0 * 64)).item<double>();
  const Node& bn = graph.nodes[static_cast<size_t>(graph.BatchNorms().front())];
  torch::Tensor x;
  ForwardHooks hooks;
  hooks.on_input = [&](int node, const torch::Tensor& input) {
    if (graph.nodes[static_cast<size_t>(node)].name == bn.name) x = input.to(torch::kFloat64);
  };
  zerosweep::Run(graph, p, hooks);
  for (int64_t n = 0; n < 10; ++n) {
    for (int64_t c = 0; c < x.size(1); ++c) {
      const torch::Tensor map = x[n][c].flatten();
      const double mu = map.mean().item<double>();
      const double sigma = std::sqrt(map.var(/*unbiased=*/true).item<double>() + 1e-6);
      const double m = bn.parameters.at("running_mean")[c].item<double>();
      const double s = std::sqrt(bn.parameters.at("running_var")[c].item<double>() + 1e-6);
      expected += (std::pow(mu - m, 2) + std::pow(sigma - s, 2)) / 10;
    }
  }
  EXPECT_NEAR(CorrectionLoss(inside, p, p0, 50).item<double>(), expected, 1e-5 * expected);
}

TEST_F(PdQuantTest, CorrectionLowersItsLossAndLeavesUnitsWithoutBatchNormAlone) {
  NoCheckpoints none;
  const CorrectionSettings settings{.iterations = 40, .lr = 1e-2, .weight = 1, .batch = 4};
  const auto corrected = Correct(settings, none);
  const std::vector<Unit> units = BlockUnits(teacher_.graph);
  for (const Unit& unit : units) {
    const torch::Tensor p0 =
        zerosweep::Run(Extract(teacher_.graph, {0, 0}, unit.input).graph, images_);
    const torch::Tensor p = corrected.at(unit.name);
    const Graph inside = Extract(teacher_.graph, unit.input, unit.output).graph;
    const torch::Tensor before = CorrectionLoss(inside, p0, p0, 1);
    if (before.defined()) {
      EXPECT_LT(CorrectionLoss(inside, p, p0, 1).item<double>(), 0.9 * before.item<double>());
    } else {
      EXPECT_TRUE(torch::allclose(p, p0, 1e-5, 1e-6));
    }
  }
  EXPECT_EQ(corrected.size(), units.size());
}

TEST_F(PdQuantTest, NoIterationsAreNoCorrection) {
  NoCheckpoints none;
  EXPECT_TRUE(Correct({.iterations = 0}, none).empty());
  const TempFolder temp;
  WriteSafetensors(temp.path() / "correction.safetensors", {});
  const Json params = {{"iterations", 20}, {"batch", 4}, {"lr_rounding", 3e-2}};
  const auto with = Quantize("pd_quant", params, {{"correction", temp.path()}}).State();
  for (const auto& [name, tensor] : Quantize("pd_quant", params).State())
    EXPECT_TRUE(torch::equal(tensor, with.at(name))) << name;
}

TEST_F(PdQuantTest, AnInterruptedCorrectionGoesOnBitForBit) {
  const CorrectionSettings settings{.iterations = 3, .batch = 4};
  NoCheckpoints none;
  const auto straight = Correct(settings, none);
  // Three batches of three steps in each of two units.
  for (const int64_t cut : {1, 5, 9, 17}) {
    const auto resumed =
        CutAndResume(cut, [&](Checkpoints& checkpoints) { return Correct(settings, checkpoints); });
    ASSERT_EQ(resumed.size(), straight.size());
    for (const auto& [name, tensor] : straight)
      EXPECT_TRUE(torch::equal(tensor, resumed.at(name))) << name << " cut at " << cut;
  }
}

TEST_F(PdQuantTest, CorrectedInputsReplaceTheTeachersAndAForeignCorrectionIsRefused) {
  const TempFolder temp;
  NoCheckpoints none;
  auto corrected = Correct({.iterations = 20, .lr = 0.1, .weight = 0.1, .batch = 10}, none);
  WriteSafetensors(temp.path() / "correction.safetensors", corrected);
  const Json params = {{"iterations", 20}, {"batch", 4}, {"lr_rounding", 3e-2}};
  const auto with = Quantize("pd_quant", params, {{"correction", temp.path()}}).State();
  const auto without = Quantize("pd_quant", params).State();
  EXPECT_FALSE(torch::equal(with.at("conv2.codes"), without.at("conv2.codes")));

  corrected.at("conv2") = torch::zeros({1});
  WriteSafetensors(temp.path() / "correction.safetensors", corrected);
  EXPECT_THROW(Quantize("pd_quant", params, {{"correction", temp.path()}}), Error);
}

}  // namespace
}  // namespace zerosweep
