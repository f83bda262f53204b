// AdaRound on one convolution and the linear layer behind it, against a restatement of the paper in
// PyTorch (tests/golden/make_adaround_golden.py). Both sides compute in double precision.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/models/builder.h"
#include "engine/quant/quantizer.h"
#include "engine/quant/range_estimation.h"
#include "tests/support/engine/fill.h"
#include "tests/support/engine/golden.h"
#include "tests/support/engine/memory_checkpoints.h"
#include "tests/support/engine/quiet_progress.h"

namespace zerosweep {
namespace {

// conv1 3×3 (4) → ReLU → mean → linear (3), filled as the script has it.
Teacher GoldenTeacher() {
  GraphBuilder build({3, 8, 8});
  Value x = build.Conv("conv1", build.Input(),
                       {.in = 3, .out = 4, .kernel = 3, .padding = 1, .bias = true});
  x = build.Apply("relu1", Op::kRelu, {x});
  Teacher teacher;
  teacher.graph = build.Finish(build.Head("pool", "fc", x, 4, 3));
  const auto parameters = [&](const char* node) -> auto& {
    return teacher.graph.nodes[static_cast<size_t>(teacher.graph.Find(node))].parameters;
  };
  parameters("conv1")["weight"] = FilledDouble("conv1.weight", {4, 3, 3, 3}, -0.5, 0.5);
  parameters("conv1")["bias"] = FilledDouble("conv1.bias", {4}, -0.2, 0.2);
  parameters("fc")["weight"] = FilledDouble("fc.weight", {3, 4}, -1, 1);
  parameters("fc")["bias"] = FilledDouble("fc.bias", {3}, -0.2, 0.2);
  return teacher;
}

struct AdaroundTest : testing::Test {
  // The state after `steps` steps, counted over all units.
  CheckpointState After(int64_t steps) const {
    MemoryCheckpoints checkpoints(steps);
    const auto& entry = QuantizerRegistry::Get("adaround");
    const Json params = {{"iterations", golden.at("iterations")}, {"batch", golden.at("batch")}};
    const torch::Tensor images = FilledDouble("images", {golden.at("images"), 3, 8, 8}, -2, 2);
    const Protocol protocol;
    const int bits = golden.at("bits");
    const RandomStreams random(golden.at("seed"));
    QuietProgress progress;
    SoloGroup alone;
    const QuantizationContext context{.teacher = teacher,
                                      .images = images,
                                      .setting = {protocol, false, bits, 4},
                                      .random = random,
                                      .progress = progress,
                                      .checkpoints = checkpoints,
                                      .group = alone};
    try {
      entry.function(context, params);
    } catch (const Error& error) {
      if (error.failure() != Failure::kInterrupted) throw;
    }
    return *checkpoints.Restore();
  }

  // The losses of a unit's last step, and V behind it.
  static void ExpectStep(const CheckpointState& state, const std::string& unit, const Json& step) {
    const Json& curves = state.values.at("curves");
    for (const char* term : {"output", "rounding"}) {
      const std::string curve = fmt::format("round {} {}", unit, term);
      ASSERT_EQ(curves.contains(curve), step.contains(term)) << curve;
      if (!step.contains(term)) continue;
      const auto expected = step.at(term).get<double>();
      EXPECT_NEAR(curves.at(curve).at("last").get<double>(), expected, 1e-9 * expected) << curve;
    }
  }
  static void ExpectRounding(const CheckpointState& state, const Json& expected) {
    const torch::Tensor v = state.tensors.at("rounding.0.0").contiguous().flatten();
    EXPECT_LT((v - GoldenNumbers(expected)).abs().max().item<double>(), 1e-8);
  }

  const Json golden = ReadGolden("adaround.json");
  const Teacher teacher = GoldenTeacher();
};

TEST_F(AdaroundTest, TheGridLosesLeastToThePowerOf2Point4) {
  const torch::Tensor weight = FilledDouble("conv1.weight", {4, 3, 3, 3}, -0.5, 0.5);
  const UniformGrid grid = EstimateGrid(weight, golden.at("bits"), {}, /*per_channel=*/true);
  const Json& expected = golden.at("conv1");
  EXPECT_TRUE(torch::allclose(StepOf(grid), GoldenNumbers(expected.at("grid_step")), 1e-9, 0));
  EXPECT_TRUE(torch::equal(ZeroPointOf(grid).to(torch::kFloat64),
                           GoldenNumbers(expected.at("zero_point"))));
}

TEST_F(AdaroundTest, LearnsAsTheRestatementDoes) {
  const Json& steps = golden.at("conv1").at("steps");
  for (size_t step = 0; step < steps.size(); ++step)
    ExpectStep(After(static_cast<int64_t>(step) + 1), "conv1", steps[step]);
  ExpectRounding(After(static_cast<int64_t>(steps.size())), golden.at("conv1").at("v"));
}

// Its input is that of the network whose convolution has been rounded, its target full precision.
TEST_F(AdaroundTest, TheNextLayerSeesWhatTheQuantizedOneGives) {
  const CheckpointState state = After(golden.at("iterations").get<int64_t>() + 1);
  ExpectStep(state, "fc", golden.at("fc").at("steps").at(0));
  ExpectRounding(state, golden.at("fc").at("v"));
}

}  // namespace
}  // namespace zerosweep
