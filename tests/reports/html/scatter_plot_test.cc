#include "reports/html/scatter_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ScatterPoint At(double x, double y, size_t group = 0) {
  return {.series = 0, .label = "p", .x = x, .y = y, .error = {}, .group = group};
}

TEST(ScatterPlotTest, OnTheFrontIsWhatNothingBeatsInBoth) {
  EXPECT_THAT(ParetoFront({At(3, 90), At(1, 80), At(2, 79), At(2, 85), At(4, 90)}),
              ElementsAre(true, true, false, true, false));
}

TEST(ScatterPlotTest, OfEqualCostsTheBestAndTwinsStayTogether) {
  EXPECT_THAT(ParetoFront({At(1, 80), At(1, 85), At(1, 85)}), ElementsAre(false, true, true));
}

TEST(ScatterPlotTest, EachGroupHasItsOwnFront) {
  EXPECT_THAT(ParetoFront({At(1, 90, 0), At(2, 80, 1), At(2, 85, 0)}),
              ElementsAre(true, true, false));
}

TEST(ScatterPlotTest, DrawsTheFrontThroughItsPoints) {
  ScatterPlot plot{"sizes & more", "size", "top-1 %", {At(1000, 80), At(2000, 90)}, HumanBytes};
  const std::string svg = DrawScatter(plot);
  EXPECT_THAT(svg, HasSubstr("<title>sizes &amp; more</title>"));
  // Linear: 1000 and 2000 bytes 4 % inside of x 56 … 624; 80 and 90 % 6 % inside of y 280 … 16.
  EXPECT_THAT(svg, HasSubstr(R"(<path class="front" d="M77.0 265.9H603.0V30.1"/>)"));
  EXPECT_THAT(svg, HasSubstr("1.0 kB"));
}

TEST(ScatterPlotTest, WideRangesAreLogarithmic) {
  ScatterPlot plot{"t", "x", "y", {At(10, 80), At(100, 85), At(1000, 90)}, HumanBytes};
  const std::string svg = DrawScatter(plot);
  EXPECT_THAT(svg, HasSubstr(R"(<circle cx="340.0")"));  // the middle of 10 and 1000
}

TEST(ScatterPlotTest, OneCostIsNoPlot) {
  EXPECT_EQ(DrawScatter({"t", "x", "y", {At(5, 80), At(5, 90)}, HumanBytes}), "");
  EXPECT_EQ(DrawScatter({"t", "x", "y", {}, HumanBytes}), "");
}

}  // namespace
}  // namespace zerosweep
