// DSG beside ZeroQ on a real teacher: the CIFAR ResNet-20 of the shared data, where it is.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/import/state.h"
#include "engine/models/registry.h"
#include "engine/synthesis/quality.h"
#include "engine/synthesis/synthesizer.h"
#include "engine/training/evaluate.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/shared_data.h"

namespace zerosweep {
namespace {

double Spread(const Teacher& teacher, const char* method) {
  const auto& entry = SynthesizerRegistry::Get(method);
  QuietProgress progress;
  NoCheckpoints checkpoints;
  const SyntheticData data = entry.function({.teacher = teacher,
                                             .random = RandomStreams(0),
                                             .progress = progress,
                                             .checkpoints = checkpoints},
                                            {{"images", 16}, {"batch", 16}, {"iterations", 60}});
  return MeasureQuality(teacher, data.images).at("bn_spread");
}

// The paper's claim: images under slack differ more from one another.
TEST(DsgCifarTest, ImagesVaryMoreThanThoseOfZeroq) {
  const auto folder = SharedData("cifar10-jpeg");
  if (!folder) GTEST_SKIP() << kNoSharedData;
  Teacher teacher;
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  LoadState(graph, ReadState(*folder / "resnet20.safetensors"), "resnet20.safetensors");
  teacher.graph = ToChannelsLast(graph);
  teacher.classes = 10;
  EXPECT_GT(Spread(teacher, "dsg"), 1.2 * Spread(teacher, "zeroq"));
}

}  // namespace
}  // namespace zerosweep
