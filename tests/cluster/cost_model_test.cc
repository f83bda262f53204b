#include "cluster/cost_model.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

StageRow Stage(const std::string& kind, const std::string& implementation, const Json& params) {
  StageRow row;
  row.spec.kind = kind;
  row.spec.params = params;
  row.implementation = implementation;
  return row;
}

TEST(CostModelTest, WorkIsTheProductOfCountsAtAnyDepth) {
  EXPECT_EQ(Work(Json::object()), 1);
  EXPECT_EQ(Work({{"iterations", 10}, {"lr", 0.5}, {"method", {{"images", 4}}}}), 40);
  EXPECT_EQ(Work({{"iterations", 0}, {"epochs", "many"}}), 1);
}

TEST(CostModelTest, HistoryIsScaledByWork) {
  const CostModel model({{"synthesize", "zeroq", {{"iterations", 100}}, 10},
                         {"synthesize", "zeroq", {{"iterations", 200}}, 20},
                         {"synthesize", "zeroq", {{"iterations", 100}}, 900}});  // an outlier
  EXPECT_DOUBLE_EQ(model.Seconds(Stage("synthesize", "zeroq", {{"iterations", 500}})), 50);
}

TEST(CostModelTest, WithoutHistorySynthesisOutweighsEvaluation) {
  const CostModel model({});
  const Json params = {{"iterations", 500}, {"images", 256}};
  EXPECT_GT(model.Seconds(Stage("synthesize", "zeroq", params)),
            model.Seconds(Stage("evaluate", "evaluate", Json::object())));
  EXPECT_GT(model.Seconds(Stage("evaluate", "evaluate", Json::object())),
            model.Seconds(Stage("quantize", "minmax", Json::object())));
}

}  // namespace
}  // namespace zerosweep
