#include "sweeps/cost_model.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

StageDesign Stage(const std::string& kind, const std::string& implementation, const Json& params) {
  StageDesign row;
  row.kind = kind;
  row.params = params;
  row.implementation = implementation;
  return row;
}

TEST(CostModelTest, WorkIsTheProductOfCountsAtAnyDepth) {
  EXPECT_EQ(Work(Json::object()), 1);
  EXPECT_EQ(Work({{"iterations", 10}, {"lr", 0.5}, {"method", {{"images", 4}}}}), 40);
  EXPECT_EQ(Work({{"iterations", 0}, {"epochs", "many"}}), 1);
}

CostSample Sample(int iterations, double seconds, const std::string& model = "small",
                  const std::string& device = "cpu") {
  return {"synthesize", "zeroq", {{"iterations", iterations}}, seconds, model, "cifar10", device};
}

double Seconds(const std::vector<CostSample>& history, int iterations,
               const std::string& model = "small") {
  const CostEstimate cost = CostModel(history).Predict(
      Stage("synthesize", "zeroq", {{"iterations", iterations}}), model, "cifar10");
  EXPECT_TRUE(cost.measured);
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
  EXPECT_DOUBLE_EQ(Seconds(history, 100, "new"), 510);  // of all models
}

TEST(CostModelTest, TheLatestDeviceCounts) {
  EXPECT_DOUBLE_EQ(
      Seconds({Sample(100, 1, "small", "H100"), Sample(100, 90), Sample(100, 95)}, 100), 1);
}

TEST(CostModelTest, WithoutHistorySynthesisOutweighsEvaluation) {
  const CostModel model({});
  const Json params = {{"iterations", 500}, {"images", 256}};
  const auto seconds = [&](const StageDesign& stage) {
    const CostEstimate cost = model.Predict(stage, "small", "cifar10");
    EXPECT_FALSE(cost.measured);
    return cost.seconds;
  };
  const double evaluate = seconds(Stage("evaluate", "evaluate", Json::object()));
  EXPECT_GT(seconds(Stage("synthesize", "zeroq", params)), evaluate);
  EXPECT_GT(evaluate, seconds(Stage("quantize", "minmax", Json::object())));
}

}  // namespace
}  // namespace zerosweep
