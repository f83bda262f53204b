// ZeroQ on a real teacher: the CIFAR ResNet-20 of the shared data, where it is.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <filesystem>

#include "engine/import/state.h"
#include "engine/models/registry.h"
#include "engine/synthesis/synthesizer.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/shared_data.h"

namespace zerosweep {
namespace {

TEST(ZeroqCifarTest, TheLossFallsBelowOnePercentOfItsStart) {
  const auto folder = SharedData("cifar10-jpeg");
  if (!folder) GTEST_SKIP() << kNoSharedData;
  Teacher teacher;
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  LoadState(graph, ReadState(*folder / "resnet20.safetensors"), "resnet20.safetensors");
  teacher.graph = graph;
  const auto& entry = SynthesizerRegistry::Get("zeroq");
  QuietProgress progress;
  NoCheckpoints checkpoints;
  const SyntheticData data = entry.function({.teacher = teacher,
                                             .random = RandomStreams(0),
                                             .progress = progress,
                                             .checkpoints = checkpoints},
                                            {{"images", 8}, {"batch", 8}, {"iterations", 500}});
  EXPECT_LT(data.metrics.at("final_loss"), 0.01 * data.metrics.at("initial_loss"));
}

}  // namespace
}  // namespace zerosweep
