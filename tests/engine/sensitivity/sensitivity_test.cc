#include "engine/sensitivity/sensitivity.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "engine/graph/executor.h"
#include "engine/quant/number_format.h"
#include "tests/support/engine/memory_checkpoints.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

Sensitivity Measure(const Teacher& teacher, const torch::Tensor& images,
                    Divergence divergence = Divergence::kForward) {
  QuietProgress progress;
  NoCheckpoints checkpoints;
  return MeasureSensitivity(teacher, images, divergence, progress, checkpoints);
}

// Two classes: KL(p ‖ q) = p log(p/q) + (1−p) log((1−p)/(1−q)), by hand.
TEST(SensitivityTest, DivergenceIsTheMeanOverImagesOfTheClosedForm) {
  const auto kl = [](double p, double q) {
    return p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
  };
  const torch::Tensor p = torch::tensor({{0.9, 0.1}, {0.5, 0.5}}, torch::kFloat64).log();
  const torch::Tensor q = torch::tensor({{0.6, 0.4}, {0.2, 0.8}}, torch::kFloat64).log();
  const double forward = (kl(0.9, 0.6) + kl(0.5, 0.2)) / 2;
  const double backward = (kl(0.6, 0.9) + kl(0.2, 0.5)) / 2;
  EXPECT_NEAR(MeanDivergence(p, q, Divergence::kForward), forward, 1e-14);
  EXPECT_NEAR(MeanDivergence(q, p, Divergence::kForward), backward, 1e-14);
  EXPECT_NEAR(MeanDivergence(p, q, Divergence::kSymmetric), (forward + backward) / 2, 1e-14);
  EXPECT_EQ(MeanDivergence(p, p, Divergence::kForward), 0);
  EXPECT_GT(std::abs(forward - backward), 0.01) << "the case tells the directions apart";
}

// Against an independent way: the network whose weight really is the quantized one, and PyTorch's
// own KL of probabilities.
TEST(SensitivityTest, IsTheDivergenceOfTheNetworkWithOneQuantizedWeight) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({70, 3, 8, 8});  // more than one batch
  const Sensitivity sensitivity = Measure(teacher, x);
  const std::vector<int> weighted = teacher.graph.Weighted();
  ASSERT_EQ(sensitivity.ops.size(), weighted.size());
  EXPECT_EQ(sensitivity.images, 70);
  const torch::Tensor p = torch::softmax(zerosweep::Run(teacher.graph, x).to(torch::kFloat64), 1);
  for (size_t i = 0; i < weighted.size(); ++i) {
    EXPECT_EQ(sensitivity.ops[i].op, teacher.graph.nodes[static_cast<size_t>(weighted[i])].name);
    for (const int bits : {2, 5, 8}) {
      Graph changed = teacher.graph.Clone();
      torch::Tensor& weight =
          changed.nodes[static_cast<size_t>(weighted[i])].parameters.at("weight");
      EXPECT_EQ(sensitivity.ops[i].weights, weight.numel());
      weight = FakeQuantize(weight, PerChannelMinMaxGrid(weight, bits));
      const torch::Tensor q = torch::softmax(zerosweep::Run(changed, x).to(torch::kFloat64), 1);
      const double expected = torch::kl_div(q.log(), p, at::Reduction::Sum).item<double>() / 70;
      // Batches of other sizes round convolutions otherwise: 1e-6 of a logit.
      EXPECT_NEAR(sensitivity.Omega(i, bits), expected, 1e-6 + 1e-4 * expected);
      EXPECT_GT(sensitivity.Omega(i, bits), 0);
    }
    EXPECT_GT(sensitivity.Omega(i, 2), sensitivity.Omega(i, 8));
    EXPECT_EQ(sensitivity.Omega(i, 32), 0);
  }
}

TEST(SensitivityTest, ResumesBitForBit) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({6, 3, 8, 8});
  const Sensitivity whole = Measure(teacher, x, Divergence::kSymmetric);
  for (const int64_t cut : {1, 9, 20}) {
    const Sensitivity resumed = CutAndResume(cut, [&](Checkpoints& checkpoints) {
      QuietProgress progress;
      return MeasureSensitivity(teacher, x, Divergence::kSymmetric, progress, checkpoints);
    });
    for (size_t i = 0; i < whole.ops.size(); ++i)
      EXPECT_EQ(resumed.ops[i].omega, whole.ops[i].omega) << cut;
  }
}

TEST(SensitivityTest, IsSavedAsItIs) {
  const TempFolder temp;
  const Sensitivity made =
      Measure(TinyTeacher(), torch::randn({4, 3, 8, 8}), Divergence::kSymmetric);
  SaveSensitivity(made, temp.path());
  const Sensitivity read = LoadSensitivity(temp.path());
  EXPECT_EQ(read.divergence, Divergence::kSymmetric);
  EXPECT_EQ(read.images, 4);
  ASSERT_EQ(read.ops.size(), made.ops.size());
  for (size_t i = 0; i < made.ops.size(); ++i) {
    EXPECT_EQ(read.ops[i].op, made.ops[i].op);
    EXPECT_EQ(read.ops[i].weights, made.ops[i].weights);
    EXPECT_EQ(read.ops[i].omega, made.ops[i].omega);
  }
  Json json = ParseJson(ReadFile(temp / "sensitivity.json"), "file");
  EXPECT_EQ(json.at("widths"), Json({2, 3, 4, 5, 6, 7, 8}));
  json["ops"][1]["omega"].erase(0);
  std::filesystem::remove(temp / "sensitivity.json");
  WriteFileDurably(temp / "sensitivity.json", json.dump());
  try {
    LoadSensitivity(temp.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("'conv2' has 6 widths instead of 7"),
              std::string::npos)
        << error.what();
  }
}

TEST(SensitivityTest, OutputsThatAreNotFiniteFailTheTrial) {
  Teacher teacher = TinyTeacher();
  teacher.graph = teacher.graph.Clone();
  teacher.graph.nodes.back().parameters.at("weight").index_put_({0, 0}, NAN);
  try {
    Measure(teacher, torch::randn({2, 3, 8, 8}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), Failure::kNonFinite);
  }
}

}  // namespace
}  // namespace zerosweep
