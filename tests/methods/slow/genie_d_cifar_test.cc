// GENIE-D on a real teacher: the CIFAR ResNet-20 of the shared data, where it is.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/import/state.h"
#include "engine/models/registry.h"
#include "engine/synthesis/synthesizer.h"
#include "engine/training/evaluate.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/shared_data.h"

namespace zerosweep {
namespace {

TEST(GenieDCifarTest, TheLossFallsBelowATwentiethWithin100Iterations) {
  const auto folder = SharedData("cifar10-jpeg");
  if (!folder) GTEST_SKIP() << kNoSharedData;
  Teacher teacher;
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  LoadState(graph, ReadState(*folder / "resnet20.safetensors"), "resnet20.safetensors");
  teacher.graph = ToChannelsLast(graph);
  const auto& entry = SynthesizerRegistry::Get("genie_d");
  QuietProgress progress;
  NoCheckpoints checkpoints;
  const SyntheticData data = entry.function({.teacher = teacher,
                                             .random = RandomStreams(0),
                                             .progress = progress,
                                             .checkpoints = checkpoints},
                                            {{"images", 32}, {"batch", 32}, {"iterations", 100}});
  EXPECT_LT(data.metrics.at("final_loss"), 0.05 * data.metrics.at("initial_loss"));
  EXPECT_LT(data.images.mean({0, 2, 3}).abs().max().item<double>(), 1e-3);
  EXPECT_LT((data.images.var({0, 2, 3}) - 1).abs().max().item<double>(), 1e-2);
}

}  // namespace
}  // namespace zerosweep
