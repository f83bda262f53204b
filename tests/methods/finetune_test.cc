#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/quant/quantizer.h"
#include "methods/finetune/settings.h"
#include "tests/support/engine/memory_checkpoints.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/state_on_ranks.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

class FinetuneTest : public testing::Test {
 protected:
  FinetuneTest() { torch::manual_seed(0); }

  Quantization Train(const Json& given, Checkpoints& checkpoints, int bits = 3) {
    SoloGroup alone;
    return Train(given, checkpoints, bits, alone, teacher_, images_);
  }
  static Quantization Train(const Json& given, Checkpoints& checkpoints, int bits, Group& group,
                            const Teacher& teacher, const torch::Tensor& images) {
    const auto& entry = QuantizerRegistry::Get("finetune");
    Json all = {{"iterations", 60}, {"batch", 16}, {"calibration", 10}, {"lr", 0.02}};
    all.update(given);
    QuietProgress progress;
    const Protocol protocol;
    return entry.function({.teacher = teacher,
                           .images = images,
                           .setting = {protocol, false, bits, bits},
                           .random = RandomStreams(7),
                           .progress = progress,
                           .checkpoints = checkpoints,
                           .group = group},
                          all);
  }
  Quantization Train(const Json& given, int bits = 3) {
    NoCheckpoints checkpoints;
    return Train(given, checkpoints, bits);
  }
  double DistanceToTeacher(const QuantizedNetwork& network) const {
    const torch::Tensor logits = zerosweep::Run(teacher_.graph, images_);
    return (torch::log_softmax(network.Forward(images_), 1) - torch::log_softmax(logits, 1))
        .pow(2)
        .mean()
        .item<double>();
  }

  Teacher teacher_ = TinyTeacher();
  torch::Tensor images_ = torch::randn({50, 3, 8, 8});
};

TEST_F(FinetuneTest, TrainingBringsTheStudentNearerToItsTeacher) {
  for (const char* optimiser : {"sgd", "adam"}) {
    // This teacher is sure of nothing: its classes alone would lead away from it.
    const Json given = {{"optimiser", optimiser}, {"lr", 1e-3}, {"distillation", 1e3}};
    Json none = given;
    none["iterations"] = 0;
    const double before = DistanceToTeacher(Train(none).network);
    const Quantization trained = Train(given);
    EXPECT_LT(DistanceToTeacher(trained.network), 0.7 * before) << optimiser;
    EXPECT_LT(trained.metrics.at("final_loss"), trained.metrics.at("initial_loss"));
    EXPECT_EQ(trained.curves.size(), 3u);
  }
}

// On ImageNet they take minutes, and a stage that says nothing counts as hung.
TEST_F(FinetuneTest, TellsOfWhatComesBeforeTheTraining) {
  const auto& entry = QuantizerRegistry::Get("finetune");
  for (const char* source : {"images", "generator"}) {
    const Json params = {
        {"iterations", 1}, {"batch", 16}, {"calibration", 10}, {"ranges_from", source}};
    const Protocol protocol;
    NoCheckpoints checkpoints;
    SoloGroup alone;
    QuietProgress progress;
    entry.function({.teacher = teacher_,
                    .images = images_,
                    .setting = {protocol, false, 4, 4},
                    .random = RandomStreams(7),
                    .progress = progress,
                    .checkpoints = checkpoints,
                    .group = alone},
                   params);
    EXPECT_EQ(progress.reports["iterations"], 11) << source;
    EXPECT_EQ(progress.reports["teacher's images"], 4) << source;  // 50 by 16
  }
}

TEST_F(FinetuneTest, WeightsTakeAtMostSoManyValues) {
  const QuantizedNetwork network = Train(Json::object()).network;
  for (const auto& [node, weight] : network.weights())
    for (int64_t channel = 0; channel < weight.codes.size(0); ++channel)
      EXPECT_LE(std::get<0>(torch::_unique(weight.codes[channel])).numel(), 1 << 3);
}

TEST_F(FinetuneTest, ResumesWithTheSameBits) {
  NoCheckpoints none;
  for (const Json& given : {Json::object(), Json{{"weights", "lsq"}, {"activations", "lsq"}},
                            Json{{"activations", "pact"}, {"optimiser", "adam"}},
                            Json{{"augment", true}, {"ranges_from", "generator"}}}) {
    const Quantization straight = Train(given, none);
    for (const int64_t cut : {4, 31}) {  // the first 10 steps calibrate
      const Quantization again =
          CutAndResume(cut, [&](Checkpoints& checkpoints) { return Train(given, checkpoints); });
      EXPECT_EQ(straight.metrics, again.metrics);
      const auto whole = straight.network.State(), resumed = again.network.State();
      ASSERT_EQ(whole.size(), resumed.size());
      for (const auto& [name, tensor] : whole)
        EXPECT_TRUE(torch::equal(tensor, resumed.at(name))) << given << name << ", cut at " << cut;
    }
  }
}

// What one rank may do otherwise than several.
std::vector<Json> Kinds() {
  return {Json::object(), Json{{"weights", "lsq"}, {"activations", "lsq"}},
          Json{{"weights", "dorefa"}, {"activations", "pact"}, {"optimiser", "adam"}},
          Json{{"augment", true}, {"ranges_from", "generator"}}};
}

TEST_F(FinetuneTest, SeveralRanksComputeWhatOneDoes) {
  const auto state_of = [&](Json given, torch::ScalarType type, int ranks, int64_t steps) {
    given.update({{"iterations", 20}, {"batch", 10}, {"calibration", 2}, {"lr", 1e-3}});
    const auto train = [&](Group& group, Checkpoints& checkpoints) {
      Teacher teacher = teacher_;
      teacher.graph = teacher_.graph.Clone();
      for (Node& node : teacher.graph.nodes)
        for (auto& [name, tensor] : node.parameters) tensor = tensor.to(type);
      Train(given, checkpoints, 4, group, teacher, images_.to(type));
    };
    return StateOnRanks(ranks, /*calibration*/ 2 + steps, train);
  };
  for (const Json& given : Kinds()) {
    for (const int ranks : {2, 4}) {
      for (const auto& [steps, limit] : {std::pair{1, 1e-10}, {19, 1e-8}}) {
        EXPECT_LT(Difference(state_of(given, torch::kFloat64, 1, steps),
                             state_of(given, torch::kFloat64, ranks, steps)),
                  limit)
            << given << ", " << ranks << " ranks, " << steps << " steps";
      }
      const TrainingState one = state_of(given, torch::kFloat32, 1, 1);
      const TrainingState several = state_of(given, torch::kFloat32, ranks, 1);
      for (const char* gradient : {".momentum", ".exp_avg"})
        EXPECT_LT(Difference(one, several, gradient), 1e-4) << given << ", " << ranks << " ranks";
      EXPECT_LT(Difference(one, several, "loss.curve"), 1e-5) << given << ", " << ranks << " ranks";
    }
  }
}

TEST_F(FinetuneTest, HeldOutImagesMayBeFewerThanRanks) {
  const Json given = {{"iterations", 0}, {"heldout", 0.02}};
  const double alone = Train(given).metrics.at("heldout_loss");
  RunRanks(2, [&](Group& group) {
    NoCheckpoints none;
    const Quantization several = Train(given, none, 3, group, teacher_, images_);
    EXPECT_NEAR(several.metrics.at("heldout_loss"), alone, 1e-5 * alone);
  });
}

// The two reductions differ by the number of classes: α makes up for it.
TEST_F(FinetuneTest, TheReductionIsAFactorOfTheDistillation) {
  const Quantization element = Train({{"iterations", 5}, {"distillation", 4.0}});
  const Quantization batch =
      Train({{"iterations", 5}, {"distillation", 1.0}, {"reduction", "batch"}});
  EXPECT_EQ(teacher_.classes, 4);
  EXPECT_NEAR(element.curves.at("distillation").first(), batch.curves.at("distillation").first(),
              1e-5 * batch.curves.at("distillation").first());
}

// 60 steps of 16 images at 0.02; element: T²/4 = 100 of 4 classes. Cosine: Σ = 61/2; falls of the
// default at 14.5, 29.7 and 44.8: 15 + 1.5 + 0.15 + 0.015.
TEST_F(FinetuneTest, TheBudgetOfTheStudentIsAMetric) {
  const auto of = [&](const Json& given) { return Train(given).metrics; };
  EXPECT_EQ(of({{"schedule", "cosine"}}).at("images_seen"), 960);
  EXPECT_NEAR(of({{"schedule", "cosine"}}).at("lr_kd"), 0.02 * 30.5 * 100, 1e-9);
  EXPECT_NEAR(of({{"schedule", "step"}}).at("lr_kd"), 0.02 * 16.665 * 100, 1e-9);
  EXPECT_NEAR(
      of({{"schedule", "constant"}, {"reduction", "batch"}, {"distillation", 20.0}}).at("lr_kd"),
      0.02 * 60 * 8000, 1e-6);
  EXPECT_EQ(of({{"batch", 100}}).at("images_seen"), 60 * 45) << "a tenth of 50 is held out";
}

TEST_F(FinetuneTest, FallsAreSharesOrToldAsWrong) {
  EXPECT_EQ(FallsOf("0.25, 0.5,0.75"), (std::vector<double>{0.25, 0.5, 0.75}));
  for (const char* wrong : {"0.5, x", "1.5", "-0.1", "0.5,,0.6", "0.5 0.6", "nan"}) {
    try {
      FallsOf(wrong);
      FAIL() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(std::string(error.what()), std::string("finetune.falls is '") + wrong +
                                               "', must be shares of the steps: 0.25, 0.5");
    }
  }
}

// IntraQ's student on a network as pytorchcv's MobileNetV2, whose side four does not divide.
TEST_F(FinetuneTest, RangesOfAGeneratorAreSetForAnySide) {
  SoloGroup alone;
  NoCheckpoints none;
  const Quantization result = Train({{"ranges_from", "generator"}, {"iterations", 2}}, none, 4,
                                    alone, ConvHeadTeacher(10), torch::randn({50, 3, 10, 10}));
  EXPECT_EQ(result.curves.at("loss").count(), 2);
}

TEST_F(FinetuneTest, ALossThatLeavesTheNumbersEndsTheTrial) {
  try {
    Train({{"lr", 1e30}});
    FAIL() << "not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kTrial);
    EXPECT_EQ(error.failure(), Failure::kNonFinite);
  }
}

}  // namespace
}  // namespace zerosweep
