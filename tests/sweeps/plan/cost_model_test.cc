#include "sweeps/plan/cost_model.h"

#include <gtest/gtest.h>

#include "tests/support/test_catalogue.h"

namespace zerosweep {
namespace {

StageDesign Stage(const std::string& kind, const std::string& implementation, const Json& params) {
  StageDesign row;
  row.kind = kind;
  row.params = params;
  row.implementation = implementation;
  return row;
}

WorkFacts Facts() { return WorkFacts(Catalogue(TestDeclarations(), TestRecipes())); }

TEST(CostModelTest, WorkIsHowOftenImagesGoThroughTheNetwork) {
  EXPECT_EQ(Work({{"iterations", 10}, {"lr", 0.5}, {"method", {{"images", 4}}}}), 40);
  EXPECT_EQ(Work({{"iterations", 10}, {"images", 4}, {"batch", 2}}), 40);  // in two parts each
  EXPECT_EQ(Work({{"iterations", 10}, {"warm_up", 5}, {"batch", 32}}), 15 * 32);
  EXPECT_EQ(Work({{"iterations", 10}, {"act_iterations", 20}, {"batch", 32}}), 30 * 32);
  EXPECT_EQ(Work({{"images", 256}}), 256);
  EXPECT_EQ(Work({{"epochs", 2}, {"batch", 128}}), 100'000);
  const double calibration = Work(Json::object());
  EXPECT_GT(calibration, 1);
  EXPECT_EQ(Work({{"batch", 64}}), calibration) << "a batch without steps says nothing";
  EXPECT_EQ(Work({{"iterations", 0}, {"batch", 64}, {"epochs", "many"}}), calibration);
  EXPECT_EQ(Work({{"correction_iterations", 10}, {"correction_batch", 4}}), 10 * calibration);
}

TEST(CostModelTest, MultiplyAddsGoWithTheSizeOfTheImages) {
  const WorkFacts facts = Facts();
  EXPECT_EQ(facts.Macs({"", "cifar10", "resnet20_cifar_a"}), 4e7);
  EXPECT_EQ(facts.Macs({"", "fashion_mnist", "resnet20_cifar_a"}), 4e7 * 28 * 28 / (32 * 32));
  EXPECT_EQ(facts.Macs({"", "image_folder", "resnet20_cifar_a"}), 4e7)
      << "resized to what it takes";
  EXPECT_FALSE(facts.Macs({"", "cifar10", "plain_cnn"}));
  EXPECT_EQ(facts.Passes("quantize", "joint"), 7);
  EXPECT_EQ(facts.Passes("quantize", "minmax"), 3);
  EXPECT_EQ(facts.Passes("sensitivity", "sensitivity"), 20);
  EXPECT_EQ(facts.Passes("evaluate", "evaluate"), 1);
}

TEST(CostModelTest, NetworksFromFilesAreKnownByTheirModels) {
  WorkFacts facts = Facts();
  facts.AddNetwork("mine", {.input_shape = {3, 224, 224}, .macs = 400'000'000});
  EXPECT_EQ(facts.Macs({"mine", "image_list", "imported"}), 4e8);
  EXPECT_FALSE(facts.Macs({"other", "image_list", "imported"}));
  EXPECT_EQ(facts.Macs({"mine", "cifar10", "resnet20_cifar_a"}), 4e7);
  // The rule of thumb counts them: ten times the multiply-adds, ten times the time after the start.
  const CostModel model({}, facts);
  const auto seconds = [&](const Workload& subject) {
    return model.Predict(Stage("synthesize", "zeroq", {{"iterations", 1000}}), subject).seconds - 1;
  };
  EXPECT_NEAR(seconds({"mine", "image_list", "imported"}),
              10 * seconds({"other", "image_list", "resnet20_cifar_a"}), 1e-6);
}

CostSample Sample(int iterations, double seconds, const std::string& model = "small",
                  const std::string& device = "cpu", const std::string& arch = "") {
  return {"synthesize", "zeroq", {{"iterations", iterations}}, seconds, model, "cifar10",
          device,       arch};
}

CostEstimate Cost(const std::vector<CostSample>& history, int iterations, const Workload& subject) {
  return CostModel(history, Facts())
      .Predict(Stage("synthesize", "zeroq", {{"iterations", iterations}}), subject);
}

double Seconds(const std::vector<CostSample>& history, int iterations,
               const std::string& model = "small", CostBasis basis = CostBasis::kMeasured) {
  const CostEstimate cost = Cost(history, iterations, {model, "cifar10", ""});
  EXPECT_EQ(cost.basis, basis);
  return cost.seconds;
}

TEST(CostModelTest, HistoryIsScaledByWork) {
  EXPECT_DOUBLE_EQ(Seconds({Sample(100, 10), Sample(200, 20), Sample(100, 900)}, 500), 50);
}

TEST(CostModelTest, TheNearestRelativesCount) {
  const std::vector<CostSample> history = {
      Sample(100, 10), Sample(1000, 40),  // what does not grow with the work weighs less in more
      Sample(100, 500, "large"), Sample(100, 510, "large"), Sample(100, 520, "large")};
  EXPECT_DOUBLE_EQ(Seconds(history, 100), 10);
  EXPECT_DOUBLE_EQ(Seconds(history, 1000), 40);
  EXPECT_DOUBLE_EQ(Seconds(history, 100, "large"), 510);
  EXPECT_DOUBLE_EQ(Seconds(history, 100, "new", CostBasis::kScaled), 510);  // of all models
}

TEST(CostModelTest, OtherNetworksAreScaledByTheirMultiplyAdds) {
  const std::vector<CostSample> history = {Sample(100, 10, "small", "cpu", "resnet20_cifar_a")};
  const auto scaled = [&](const std::string& model, const std::string& dataset,
                          const std::string& arch) {
    const CostEstimate cost = Cost(history, 200, {model, dataset, arch});
    EXPECT_EQ(cost.basis, CostBasis::kScaled);
    return cost.seconds;
  };
  EXPECT_DOUBLE_EQ(scaled("large", "image_folder", "large_cnn"), 2 * 10 * 100);  // 4e9, not 4e7
  EXPECT_DOUBLE_EQ(scaled("small", "fashion_mnist", "resnet20_cifar_a"),
                   20 * (28. * 28) / (32 * 32));
  EXPECT_DOUBLE_EQ(scaled("odd", "cifar10", "plain_cnn"), 20) << "nobody knows its multiply-adds";
}

TEST(CostModelTest, TheLatestDeviceCounts) {
  EXPECT_DOUBLE_EQ(
      Seconds({Sample(100, 1, "small", "H100"), Sample(100, 90), Sample(100, 95)}, 100), 1);
}

TEST(CostModelTest, WithoutHistoryARuleOfThumbGoesWithWorkAndMultiplyAdds) {
  const CostModel model({}, Facts());
  const auto seconds = [&](const StageDesign& stage, const std::string& arch = "resnet20_cifar_a",
                           const std::string& dataset = "cifar10") {
    const CostEstimate cost = model.Predict(stage, {"small", dataset, arch});
    EXPECT_EQ(cost.basis, CostBasis::kRough);
    return cost.seconds;
  };
  const Json steps = {{"iterations", 500}, {"images", 256}};
  const double synthesize = seconds(Stage("synthesize", "zeroq", steps));
  // 500 steps × 256 images × 4e7 multiply-adds, forward and backward, at 2e10 a second.
  EXPECT_NEAR(synthesize, 1 + 500. * 256 * 4e7 * 3 / 2e10, 1e-6);
  EXPECT_NEAR(seconds(Stage("synthesize", "zeroq", steps), "large_cnn", "image_folder"),
              100 * synthesize, 100);
  EXPECT_EQ(seconds(Stage("synthesize", "zeroq", steps), "plain_cnn"), synthesize);
  const double evaluate = seconds(Stage("evaluate", "evaluate", Json::object()));
  EXPECT_NEAR(evaluate, 1 + 10'000 * 4e7 / 2e10, 1e-6);
  EXPECT_NEAR(seconds(Stage("evaluate", "evaluate", {{"limit", 500}})), 2, 1e-6);
  const Json training = {{"iterations", 100}, {"batch", 16}};
  EXPECT_GT(seconds(Stage("quantize", "joint", training)),
            2 * seconds(Stage("quantize", "rounding", training)) - 2);
}

}  // namespace
}  // namespace zerosweep
