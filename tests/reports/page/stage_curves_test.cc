#include "reports/page/stage_curves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

struct StageCurvesTest : testing::Test, ResultsHome {
  StageCurvesTest() {
    Done({}, 88);
    images = rows.NameOf(rows.trials[0], "synthesize");
    quantized = rows.NameOf(rows.trials[0], "quantize");
    writer.AddCurve(quantized, "output", {0, 1, 2}, {4, 1, 0.5});
    writer.AddCurve(images, "loss", {0, 1, 2, 3}, {1000, 100, 10, 1});
    writer.AddCurve(images, "frontier", {1000, 2000}, {0.5, 0.1});
  }
  std::string images, quantized;
};

TEST_F(StageCurvesTest, EachCurveIsALineUnderItsStageInTheOrderOfMaking) {
  const ResultsReader reader = Reader();
  EXPECT_EQ(CurveLines(CurvesOfTrial(reader, rows.trials[0].id)),
            "synthesize zeroq, curves:\n"
            "  loss    1000 → 1  █▆▃▁ (log)\n"
            "quantize minmax, curves:\n"
            "  output  4 → 0.5   █▂▁\n");
  EXPECT_EQ(CurveLines(CurvesOfStage(reader, quantized)),
            "quantize minmax, curves:\n"
            "  output  4 → 0.5  █▂▁\n");
  EXPECT_EQ(CurveLines(CurvesOfStage(reader, "unknown")), "");
}

TEST_F(StageCurvesTest, JsonNamesStageAndTermAndLeavesOutWhatIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  writer.AddCurve(quantized, "rounding", {0, 1}, {2, nan});
  const Json expected = {
      {{"stage", quantized}, {"term", "output"}, {"points", 3}, {"first", 4}, {"last", 0.5}},
      {{"stage", quantized}, {"term", "rounding"}, {"points", 2}, {"first", 2}, {"last", nullptr}}};
  EXPECT_EQ(CurvesAsJson(CurvesOfStage(Reader(), quantized)), expected);
}

}  // namespace
}  // namespace zerosweep
