#include "engine/reconstruction/reconstruction.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"
#include "engine/quant/site_hooks.h"
#include "tests/support/engine/memory_checkpoints.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

class ReconstructionTest : public testing::Test {
 protected:
  ReconstructionTest() {
    torch::manual_seed(0);
    images_ = torch::randn({24, 3, 8, 8});
  }

  Quantization Run(const ReconstructionSettings& settings, Checkpoints& checkpoints,
                   UnitObjective* objective = nullptr) {
    QuietProgress progress;
    SoloGroup group;
    return Reconstruct({.teacher = teacher_,
                        .images = images_,
                        .setting = {protocol_, fold_, w_bits_, bits_},
                        .random = RandomStreams(0),
                        .progress = progress,
                        .checkpoints = checkpoints,
                        .group = group},
                       settings, objective);
  }
  Quantization Run(const ReconstructionSettings& settings) {
    NoCheckpoints none;
    return Run(settings, none);
  }

  double Error(const QuantizedNetwork& network) const {
    return (network.Forward(images_) - zerosweep::Run(teacher_.graph, images_))
        .norm()
        .item<double>();
  }

  static bool Same(const QuantizedNetwork& a, const QuantizedNetwork& b) {
    const auto left = a.State(), right = b.State();
    if (left.size() != right.size()) return false;
    for (const auto& [name, tensor] : left)
      if (!torch::equal(tensor, right.at(name))) return false;
    return true;
  }

  static ReconstructionSettings Settings(Phase phase) {
    phase.iterations = phase.iterations == 20000 ? 60 : phase.iterations;
    ReconstructionSettings settings;
    settings.phases = {phase};
    settings.batch = 8;
    settings.stem = Stem::kPostAct;
    return settings;
  }

  Teacher teacher_ = TinyTeacher();
  torch::Tensor images_;
  Protocol protocol_{.act_placement = ActPlacement::kOpOutput};
  bool fold_ = true;
  int w_bits_ = 3, bits_ = 3;
};

TEST_F(ReconstructionTest, LearningBeatsNearestRounding) {
  const double nearest = Error(Run(Settings({.iterations = 0, .lr_rounding = 0})).network);
  ReconstructionSettings settings = Settings(
      {.iterations = 400, .lr_rounding = 3e-2, .lr_act_step = 1e-3, .keep_quantized = 0.5});
  settings.round_weight = 0.1;
  const Quantization learned = Run(settings);
  EXPECT_LT(Error(learned.network), 0.8 * nearest);
  EXPECT_LE(learned.metrics.at("soft_share"), 0.1);
  EXPECT_TRUE(learned.curves.contains("reconstruct conv1 output"));
}

TEST_F(ReconstructionTest, AnInterruptedReconstructionGoesOnBitForBit) {
  ReconstructionSettings settings =
      Settings({.name = "round", .iterations = 20, .quantize_activations = false});
  settings.phases.push_back({.name = "steps",
                             .iterations = 10,
                             .lr_rounding = 0,
                             .lr_act_step = 1e-3,
                             .keep_quantized = 0.5});
  settings.act_init = ActInit::kAtPhaseStart;
  const Quantization straight = Run(settings);
  // Units conv1, conv2, fc; the last has no activation to learn. Phase 1: steps 1–60, phase 2:
  // from 61.
  for (const int64_t cut : {1, 20, 33, 60, 61, 75}) {
    const Quantization resumed =
        CutAndResume(cut, [&](Checkpoints& checkpoints) { return Run(settings, checkpoints); });
    EXPECT_TRUE(Same(straight.network, resumed.network)) << "cut at step " << cut;
    EXPECT_EQ(CurvesToJson(straight.curves), CurvesToJson(resumed.curves)) << cut;
  }
}

TEST_F(ReconstructionTest, KeepingEverythingIsNoDropAtAll) {
  Phase phase{.lr_act_step = 1e-3, .keep_quantized = 1};
  const Quantization plain = Run(Settings(phase));
  phase.keep_quantized = 255.9 / 256;  // counts in 256ths: the masks are drawn, and all ones
  EXPECT_TRUE(Same(plain.network, Run(Settings(phase)).network));
  phase.keep_quantized = 0.5;
  EXPECT_FALSE(Same(plain.network, Run(Settings(phase)).network));
}

// With every element dropped, the unit reads full-precision inputs and nothing is quantized in it.
TEST_F(ReconstructionTest, DroppingEverythingReadsFullPrecision) {
  Phase dropped{.keep_quantized = 0};
  Phase full_precision{.quantize_activations = false, .fp_inputs = true};
  ReconstructionSettings settings = Settings(full_precision);
  settings.phases.push_back({.name = "ranges", .iterations = 0, .lr_rounding = 0});
  const QuantizedNetwork a = Run(Settings(dropped)).network, b = Run(settings).network;
  for (const auto& [node, weight] : a.weights())
    EXPECT_TRUE(torch::equal(weight.codes, b.weights().at(node).codes));
}

// AdaRound's second walk only sets ranges: what the first one learned must survive it.
TEST_F(ReconstructionTest, AWalkWithoutIterationsKeepsTheLearnedRounding) {
  for (const bool scaled : {false, true}) {
    ReconstructionSettings settings =
        Settings({.iterations = 100, .lr_rounding = 3e-2, .quantize_activations = false});
    settings.scaled_rates = scaled;
    const QuantizedNetwork learned = Run(settings).network;
    settings.phases.push_back({.name = "ranges", .iterations = 0, .lr_rounding = 0});
    const QuantizedNetwork both = Run(settings).network;
    const QuantizedNetwork nearest = Run(Settings({.iterations = 0, .lr_rounding = 0})).network;
    const int layer = both.graph().Weighted()[1];
    EXPECT_TRUE(torch::equal(both.weights().at(layer).codes, learned.weights().at(layer).codes));
    EXPECT_FALSE(torch::equal(both.weights().at(layer).codes, nearest.weights().at(layer).codes));
  }
}

TEST_F(ReconstructionTest, ScaledRatesGrowByTheIterationsLeftOut) {
  const Phase scaled = ScaledRates(
      {.iterations = 5000, .lr_rounding = 1e-3, .lr_weight_step = 1e-4, .lr_act_step = 4e-5});
  EXPECT_DOUBLE_EQ(scaled.lr_rounding, 4e-3);
  EXPECT_DOUBLE_EQ(scaled.lr_weight_step, 1e-4);
  EXPECT_DOUBLE_EQ(scaled.weight_step_raise, 2);
  EXPECT_DOUBLE_EQ(scaled.lr_act_step, 8e-5);
  // AdaRound's own 10000 iterations and BRECQ's 5000 on steps are no short budgets.
  EXPECT_DOUBLE_EQ(ScaledRates({.iterations = 10000, .reference_iterations = 10000}).lr_rounding,
                   1e-3);
  const Phase steps{.iterations = 1250, .reference_iterations = 5000, .lr_act_step = 4e-4};
  EXPECT_DOUBLE_EQ(ScaledRates(steps).lr_act_step, 8e-4);
  // At most tenfold: PD-Quant's 3e-3 stays three times QDrop's 1e-3.
  for (const int64_t iterations : {100, 1000}) {
    EXPECT_DOUBLE_EQ(ScaledRates({.iterations = iterations, .lr_rounding = 1e-3}).lr_rounding,
                     1e-2);
    EXPECT_DOUBLE_EQ(ScaledRates({.iterations = iterations, .lr_rounding = 3e-3}).lr_rounding,
                     3e-2);
  }
  for (const int64_t untouched : {int64_t{0}, int64_t{20000}}) {
    const Phase same = ScaledRates({.iterations = untouched, .lr_rounding = 0});
    EXPECT_EQ(same.lr_rounding, 0);
    EXPECT_EQ(same.lr_weight_step, 0);
  }
}

// Adam moves a step by its rate at most: a raised rate must stay small against the steps of 8 bits.
TEST_F(ReconstructionTest, RaisedRatesOfWeightStepsStaySmallAgainstThem) {
  const Phase phase{.lr_weight_step = 1e-4, .weight_step_raise = 14};
  const auto rate = [&](float step) {
    return WeightStepRate(phase, torch::tensor({step / 3, step, 2 * step}));
  };
  EXPECT_DOUBLE_EQ(rate(1), 14e-4);
  EXPECT_NEAR(rate(0.03F), 6e-4, 1e-9);
  EXPECT_DOUBLE_EQ(rate(1e-3F), 1e-4);  // never below the paper's
  EXPECT_DOUBLE_EQ(WeightStepRate({.lr_weight_step = 0, .weight_step_raise = 14}, torch::ones(3)),
                   0);
}

TEST_F(ReconstructionTest, SkippedStemsStayNearest) {
  ReconstructionSettings settings = Settings({.lr_rounding = 5e-2});
  settings.stem = Stem::kSkip;
  const auto skipped = Run(settings).network;
  const auto nearest = Run(Settings({.iterations = 0, .lr_rounding = 0})).network;
  const int stem = skipped.graph().Weighted()[0], second = skipped.graph().Weighted()[1];
  EXPECT_TRUE(torch::equal(skipped.weights().at(stem).codes, nearest.weights().at(stem).codes));
  EXPECT_FALSE(
      torch::equal(skipped.weights().at(second).codes, nearest.weights().at(second).codes));
}

TEST_F(ReconstructionTest, EveryPlacementAndBatchNormsKeptOrFolded) {
  for (const auto placement :
       {ActPlacement::kRelu, ActPlacement::kOpOutput, ActPlacement::kOpInput}) {
    for (const bool fold : {false, true}) {
      for (const auto init : {ActInit::kFullPrecision, ActInit::kAtPhaseStart, ActInit::kPerUnit}) {
        protocol_ = {.act_placement = placement, .first_w = 8, .identity_fp = !fold};
        fold_ = fold;
        ReconstructionSettings settings = Settings(
            {.iterations = 3, .lr_weight_step = 1e-4, .lr_act_step = 1e-4, .keep_quantized = 0.5});
        settings.stem = Stem::kPreBn;
        settings.act_init = init;
        const Quantization done = Run(settings);
        for (const QuantizedActivation& activation : done.network.activations())
          EXPECT_FALSE(activation.grid.pass_through());
        EXPECT_TRUE(torch::isfinite(done.network.Forward(images_)).all().item<bool>());
      }
    }
  }
}

// Mean of the second convolution's loss over the last 30 steps.
double LastLoss(const Quantization& quantization) {
  const auto losses = quantization.curves.at("reconstruct conv2 output")
                          .ToJson()
                          .at("y")
                          .get<std::vector<double>>();
  return std::accumulate(losses.end() - 30, losses.end(), 0.0) / 30;
}

TEST_F(ReconstructionTest, LearnedBordersBeatRoundingToNearest) {
  w_bits_ = 4;
  bits_ = 2;
  protocol_ = {.act_placement = ActPlacement::kOpInput};
  ReconstructionSettings settings =
      Settings({.iterations = 300, .lr_rounding = 3e-2, .lr_act_step = 1e-3});
  settings.round_weight = 0.1;
  const double nearest = LastLoss(Run(settings));
  settings.phases.front().lr_border = 3e-3;
  for (const auto rows : {BorderRows::kChannel, BorderRows::kElement}) {
    for (const bool closed_form : {false, true}) {
      settings.borders = {.rows = rows, .closed_form = closed_form};
      EXPECT_LT(LastLoss(Run(settings)), 0.97 * nearest);
    }
  }
}

TEST_F(ReconstructionTest, InterruptedBordersGoOnBitForBit) {
  protocol_ = {.act_placement = ActPlacement::kOpInput};
  ReconstructionSettings settings =
      Settings({.iterations = 20, .lr_border = 1e-2, .keep_quantized = 0.5});
  for (const auto rows : {BorderRows::kChannel, BorderRows::kElement}) {
    settings.borders = {.rows = rows};
    const Quantization straight = Run(settings);
    const Quantization resumed =
        CutAndResume(30, [&](Checkpoints& checkpoints) { return Run(settings, checkpoints); });
    EXPECT_TRUE(Same(straight.network, resumed.network));
  }
}

// GENIE-M learns s beside V; with s frozen it is AdaRound, bit for bit.
TEST_F(ReconstructionTest, FrozenWeightStepsAreAdaRound) {
  Phase phase{.lr_rounding = 1e-2, .lr_act_step = 1e-3};
  const Quantization adaround = Run(Settings(phase));
  phase.lr_weight_step = 1e-30;  // on the path that learns s, and too small to move a float
  const Quantization frozen = Run(Settings(phase));
  EXPECT_TRUE(Same(adaround.network, frozen.network));
  EXPECT_EQ(CurvesToJson(adaround.curves), CurvesToJson(frozen.curves));
  phase.lr_weight_step = 1e-3;
  EXPECT_FALSE(Same(adaround.network, Run(Settings(phase)).network));
}

// The tensor in front of a block is read by its first convolution and by its projection: each has a
// border of its own, in the unit that holds it.
TEST_F(ReconstructionTest, ReadersInTwoUnitsHaveTheirOwnBorders) {
  teacher_.graph = BuildModel("resnet20_cifar_b", 3, 8, 8, 4);
  InitialiseParameters(teacher_.graph, 0);
  protocol_ = {.act_placement = ActPlacement::kOpInput};
  ReconstructionSettings settings = Settings({.iterations = 2, .lr_border = 1e-2});
  settings.units = "layers";
  settings.borders = {.rows = BorderRows::kElement};
  const Quantization done = Run(settings);
  for (const QuantizedActivation& activation : done.network.activations()) {
    EXPECT_FALSE(activation.borders.contains(kEveryReader));
    EXPECT_EQ(activation.borders.size(), activation.site.by_element.size());
  }
}

TEST_F(ReconstructionTest, AStemOfSeveralConvolutionsIsRefused) {
  ReconstructionSettings settings = Settings({.iterations = 2});
  const Graph& graph = teacher_.graph;
  settings.units = graph.nodes[static_cast<size_t>(graph.output.node)].name;
  EXPECT_NO_THROW(Run(settings));
  settings.stem = Stem::kPreBn;
  EXPECT_THROW(Run(settings), zerosweep::Error);
}

// A shortcut's own quantizer is learned with the unit that holds the shortcut.
TEST_F(ReconstructionTest, OwnQuantizersOfShortcutsAreLearned) {
  teacher_ = SkipTeacher();
  protocol_ = {.act_placement = ActPlacement::kOpInput, .own_shortcuts = true};
  ReconstructionSettings settings = Settings({.lr_rounding = 1e-2, .lr_act_step = 1e-2});
  const QuantizedNetwork learned = Run(settings).network;
  settings.phases[0].lr_act_step = 0;
  const QuantizedNetwork searched = Run(settings).network;
  int own = 0;
  for (size_t i = 0; i < learned.activations().size(); ++i) {
    if (!learned.activations()[i].site.only) continue;
    ++own;
    EXPECT_FALSE(torch::equal(learned.activations()[i].grid.inverse_scale,
                              searched.activations()[i].grid.inverse_scale));
  }
  EXPECT_EQ(own, 1);
}

// Behind operators a unit's input is the quantized tensor; its shortcut would need another.
TEST_F(ReconstructionTest, ShortcutsApartNeedQuantizersInFrontOfOperators) {
  teacher_ = SkipTeacher();
  for (const bool own : {true, false}) {
    protocol_ = {
        .act_placement = ActPlacement::kOpOutput, .identity_fp = !own, .own_shortcuts = own};
    EXPECT_THROW(Run(Settings({.iterations = 2})), zerosweep::Error);
  }
}

// GENIE's code searches ranges while the unit is soft and half of its activations are dropped. With
// 8-bit weights, soft ones are those of the teacher but at the ends of the grid, by half a step of
// 1/255; with everything dropped, each site of a unit so sees the teacher's tensor.
TEST_F(ReconstructionTest, SoftUnitsShowTheTeachersTensorsWhereAllIsDropped) {
  w_bits_ = 8;
  Phase phase{.iterations = 1, .keep_quantized = 0};
  ReconstructionSettings settings = Settings(phase);
  const Graph& graph = teacher_.graph;
  settings.units = graph.nodes[static_cast<size_t>(graph.output.node)].name;  // all in one unit
  settings.weight_range.kind = RangeEstimator::kMinMax;                       // clips nothing
  const auto ranges = [&](ActInit init, double keep) {
    settings.act_init = init;
    settings.phases.front().keep_quantized = keep;
    std::vector<torch::Tensor> scales;
    const Quantization done = Run(settings);
    for (const QuantizedActivation& activation : done.network.activations())
      scales.push_back(activation.grid.inverse_scale);
    return torch::stack(scales);
  };
  const torch::Tensor teachers = ranges(ActInit::kFullPrecision, 0);
  constexpr double kClip = 0.01;
  EXPECT_TRUE(torch::allclose(ranges(ActInit::kSoftUnit, 0), teachers, kClip, 0));
  w_bits_ = bits_ = 2;  // where soft weights and drop show
  const torch::Tensor dropped = ranges(ActInit::kSoftUnit, 0);
  EXPECT_FALSE(torch::allclose(ranges(ActInit::kSoftUnit, 1), dropped, kClip, 0));
  EXPECT_FALSE(torch::allclose(ranges(ActInit::kPerUnit, 0), dropped, kClip, 0));
}

TEST_F(ReconstructionTest, ReadersThatDrawForThemselvesAreOtherMasks) {
  teacher_ = SkipTeacher();
  protocol_ = {.act_placement = ActPlacement::kOpInput};
  Phase phase{.lr_rounding = 1e-2, .lr_act_step = 1e-3, .keep_quantized = 0.5};
  const QuantizedNetwork together = Run(Settings(phase)).network;
  phase.mask_each_reader = true;
  EXPECT_FALSE(Same(together, Run(Settings(phase)).network));
  // Nothing is dropped: then it does not matter who draws.
  phase.keep_quantized = 1;
  const QuantizedNetwork apart = Run(Settings(phase)).network;
  phase.mask_each_reader = false;
  EXPECT_TRUE(Same(apart, Run(Settings(phase)).network));
}

// All released codes count from 1: the first step under the rounding loss is number warmup·T.
TEST_F(ReconstructionTest, TheRoundingLossBeginsAtTheStepOfTheCodes) {
  ReconstructionSettings settings = Settings({.iterations = 20});
  settings.warmup = 0.2;
  const Json curve = Run(settings).curves.at("reconstruct conv2 rounding").ToJson();
  EXPECT_EQ(curve.at("y").size(), 17U);  // steps 4 to 20
  EXPECT_EQ(RoundingExponent(settings, 4, 20), 20);
  EXPECT_EQ(RoundingExponent(settings, 12, 20), 11);
  EXPECT_EQ(RoundingExponent(settings, 20, 20), 2);
}

// Weights in full precision leave no rounding to learn.
TEST_F(ReconstructionTest, ActivationsAloneAreLearned) {
  w_bits_ = kPassThroughBits;
  const Quantization done =
      Run(Settings({.iterations = 20, .lr_rounding = 1e-2, .lr_act_step = 1e-3}));
  EXPECT_TRUE(torch::isfinite(done.network.Forward(images_)).all().item<bool>());
}

TEST_F(ReconstructionTest, BordersByElementNeedQuantizersInFrontOfOperators) {
  ReconstructionSettings settings = Settings({.lr_border = 1e-2});
  settings.borders = {.rows = BorderRows::kElement};
  EXPECT_THROW(Run(settings), zerosweep::Error);
}

TEST_F(ReconstructionTest, AnExplodingLossIsNonFinite) {
  images_ *= 1e30;
  try {
    Run(Settings({.iterations = 5}));
    FAIL();
  } catch (const zerosweep::Error& error) {
    EXPECT_EQ(error.failure(), Failure::kNonFinite);
  }
}

}  // namespace
}  // namespace zerosweep
