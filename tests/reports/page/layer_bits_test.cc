#include "reports/page/layer_bits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/page/html_report.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct LayerBitsTest : testing::Test, ResultsHome {
  // A done trial of mixed precision: bits of two ops, and a frontier of three points.
  void Mixed(int64_t seed, double first, double second) {
    Cell({.method = "zeroq_mp", .w_bits = 4, .a_bits = 8, .seed = seed, .bits = "wmp4a8"});
    Add();
    const TrialRow trial = rows.trials.back();
    const std::string& stage = rows.NameOf(trial, "quantize");
    FinishStage(writer, stage,
                {{"size_bytes", 1500},
                 {"bitops", 1e6},
                 {"budget_bytes", 1600},
                 {"predicted_kl", 0.05},
                 {"w_bits:00:stem", first},
                 {"w_bits:01:a_head", second}});
    writer.AddCurve(stage, "frontier", {1000, 1500, 3000}, {0.5, 0.05, 0.001});
    FinishTrial(writer, rows.stages, trial, 85);
  }
};

TEST_F(LayerBitsTest, OneTableAConfigurationWithAColumnForEachSeed) {
  Done({.method = "zeroq_mp", .w_bits = 4, .a_bits = 8}, 80);  // uniform: no part of it
  Mixed(0, 8, 3);
  Mixed(1, 6, 4);
  const auto found = ReadLayerBits(Reader(), ToSql("demo", {}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].title, "zeroq_mp WMP4A8, cifar10, resnet20");
  EXPECT_THAT(found[0].table.columns, ElementsAre("op", "seed 0", "seed 1"));
  // In the network's order, not the alphabet's.
  EXPECT_EQ(found[0].table.rows,
            (std::vector<std::vector<Json>>{{"stem", 8, 6}, {"a_head", 3, 4}}));
  EXPECT_EQ(found[0].plot.budget, 1600);
  ASSERT_EQ(found[0].plot.lines.size(), 2u);
  EXPECT_THAT(found[0].plot.lines[0].x, ElementsAre(1000, 1500, 3000));
  EXPECT_EQ(found[0].plot.lines[0].size, 1500);
  EXPECT_EQ(found[0].plot.lines[0].omega, 0.05);
}

TEST_F(LayerBitsTest, ThePageShowsTheFrontierAndTheBits) {
  Mixed(0, 8, 3);
  const std::string page = HtmlReport(ReadReport(Reader(), "demo", {}), "now");
  EXPECT_THAT(page, HasSubstr("<h2>Bits by layer</h2>"));
  EXPECT_THAT(page, HasSubstr("<td>WMP4A8</td>"));
  EXPECT_THAT(page, HasSubstr("<td>a_head</td>"));
  EXPECT_THAT(page, HasSubstr("Size of the weights against Ω: zeroq_mp WMP4A8"));
  EXPECT_THAT(page, Not(HasSubstr("Loss curves"))) << "the frontier is no loss curve";
}

TEST_F(LayerBitsTest, TheSensitivitiesAreThoseOfTheTrialsArtifact) {
  Cell({.method = "zeroq_mp", .w_bits = 4, .a_bits = 8, .bits = "wmp4a8"});
  const size_t measured =
      rows.Add({.kind = "sensitivity", .implementation = "kl", .roles = {"images"}}, {1});
  rows.trials.back().stages.push_back(measured);
  rows.trials.back().id = Sha256Hex("with sensitivities");
  Add();
  FinishWithFile(rows.stages[measured].name, "sensitivity.json",
                 R"({"widths": [2, 4], "ops": [{"op": "stem", "omega": [0.5, 0.001]},
                                               {"op": "head", "omega": [0.25, 0.0]}]})");
  FinishStage(writer, rows.NameOf(rows.trials.back(), "quantize"), {{"w_bits:00:stem", 4}});
  FinishTrial(writer, rows.stages, rows.trials.back(), 85);
  const auto found = ReadLayerBits(Reader(), ToSql("demo", {}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].sensitivities.columns, ElementsAre("op", "2 bits", "4 bits"));
  EXPECT_EQ(found[0].sensitivities.rows,
            (std::vector<std::vector<Json>>{{"stem", 0.5, 0.001}, {"head", 0.25, 0.0}}));
  const std::string page = HtmlReport(ReadReport(Reader(), "demo", {}), "now");
  EXPECT_THAT(page, HasSubstr("Sensitivity of each op: zeroq_mp WMP4A8"));
  EXPECT_THAT(page, HasSubstr("<td class=n>0.001</td>"));
}

TEST_F(LayerBitsTest, WithoutMixedTrialsThereIsNoSection) {
  Done({}, 88);
  EXPECT_TRUE(ReadLayerBits(Reader(), ToSql("", {})).empty());
  EXPECT_THAT(HtmlReport(ReadReport(Reader(), "demo", {}), "now"), Not(HasSubstr("Bits by layer")));
}

// Ω of 10^-3 … 1 on a logarithmic axis from y 280 (bottom) to 16, sizes from x 56 to 624.
TEST_F(LayerBitsTest, TheFrontierIsDrawnOnALogarithmicScale) {
  FrontierPlot plot;
  plot.title = "sizes";
  plot.budget = 2000;
  plot.lines = {{"seed 0", {1000, 2000, 3000}, {1, 0, 1e-3}, 1000, 1}};
  const std::string svg = DrawFrontier(plot);
  EXPECT_THAT(svg, HasSubstr("d=\"M56.0 16.0L624.0 280.0\"")) << "Ω = 0 has no place";
  EXPECT_THAT(svg, HasSubstr("<circle cx=\"56.0\" cy=\"16.0\""));
  EXPECT_THAT(svg, HasSubstr("class=\"reference\" x1=\"340.0\" x2=\"340.0\""));
  EXPECT_THAT(svg, HasSubstr(">0.001</text>"));
  plot.lines = {{"seed 0", {1000}, {0}, 1000, 0}};
  EXPECT_EQ(DrawFrontier(plot), "");
}

}  // namespace
}  // namespace zerosweep
