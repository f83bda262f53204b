#include "reports/page/samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/page/html_report.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;
using testing::Not;

struct SamplesTest : testing::Test, ResultsHome {
  void WithGrid(const std::string& stage, const std::string& png) {
    FinishWithFile(stage, "samples.png", png);
  }
  std::string Stage(const CellRow& cell, const std::string& kind = "synthesize") {
    const TrialRow trial = Cell(cell);
    Add();
    return rows.NameOf(trial, kind);
  }
  std::vector<std::string> Titles() {
    std::vector<std::string> titles;
    for (const SampleGrid& grid : ReadSamples(Reader(), ToSql("demo", {})).grids)
      titles.push_back(grid.title + " = " + grid.png);
    return titles;
  }
};

TEST_F(SamplesTest, OneGridAConfigurationThatOfItsLowestSeed) {
  WithGrid(Stage({.method = "zeroq", .seed = 1}), "second");
  EXPECT_THAT(Titles(), testing::ElementsAre("zeroq: resnet20, cifar10, seed 1 = second"));
  WithGrid(Stage({.method = "zeroq", .seed = 0}), "first");
  // Eight and four bits share their images; so does a method of another name.
  Stage({.method = "zeroq", .w_bits = 4});
  rows.trials.push_back(Renamed(rows.trials.back(), "another"));
  Add();
  WithGrid(Stage({.model = "resnet56", .method = "genie_d"}), "other");
  FinishStage(writer, Stage({.method = "without"}));
  EXPECT_THAT(Titles(), testing::ElementsAre("another, zeroq: resnet20, cifar10, seed 0 = first",
                                             "genie_d: resnet56, cifar10, seed 0 = other"));
}

TEST_F(SamplesTest, AJointMethodsGridIsThatOfItsQuantizeStage) {
  const TrialRow trial = Cell({.method = "joint"});
  Add();
  FinishStage(writer, rows.NameOf(trial, "synthesize"));
  WithGrid(rows.NameOf(trial, "quantize"), "while it trained");
  EXPECT_THAT(Titles(),
              testing::ElementsAre("joint W8A8: resnet20, cifar10, seed 0 = while it trained"));
}

TEST_F(SamplesTest, ADamagedGridIsLeftOut) {
  const std::string stage = Stage({.method = "zeroq"});
  WithGrid(stage, "whole");
  WriteFileDurably(home.artifact(Sha256Hex("artifact of " + stage)) / "samples.png", "other");
  EXPECT_THAT(Titles(), testing::IsEmpty());
}

TEST_F(SamplesTest, ThePageHoldsTheImagesAndNamesThem) {
  WithGrid(Stage({.method = "a\"b<c"}), std::string("\x89PNG\0\xff", 6));
  const std::string page = HtmlReport(ReadReport(Reader(), "demo", {}), "now");
  EXPECT_THAT(page, HasSubstr("img-src data:;"));
  EXPECT_THAT(page, HasSubstr("<img alt=\"Samples of a&quot;b&lt;c: resnet20, cifar10, seed 0\" "
                              "src=\"data:image/png;base64,iVBORwD/\">"));
  EXPECT_THAT(page, Not(HasSubstr("there are more")));
}

TEST_F(SamplesTest, TwentyFourAreShownAndThePageSaysWhenThereAreMore) {
  for (int i = 0; i < 25; ++i) WithGrid(Stage({.method = fmt::format("m{:02}", i)}), "png");
  const Samples samples = ReadSamples(Reader(), ToSql("demo", {}));
  EXPECT_EQ(samples.grids.size(), 24u);
  EXPECT_TRUE(samples.more);
  EXPECT_THAT(HtmlReport(ReadReport(Reader(), "demo", {}), "now"),
              HasSubstr("<p>These are the first 24; there are more.</p>"));
}

TEST_F(SamplesTest, TogetherTheyStaySmallEnoughForAPage) {
  const auto with_grid = [this](const std::string& method, size_t bytes) {
    WithGrid(Stage({.method = method}), std::string(bytes, 'x'));
  };
  with_grid("m3", 3 << 20);  // the first is shown, however large
  EXPECT_FALSE(ReadSamples(Reader(), ToSql("demo", {})).more);
  with_grid("m4", 100);
  with_grid("m1", 3 << 18);
  with_grid("m2", 3 << 18);
  const Samples samples = ReadSamples(Reader(), ToSql("demo", {}));
  ASSERT_EQ(samples.grids.size(), 2u);
  EXPECT_TRUE(samples.grids[1].title.starts_with("m2:")) << samples.grids[1].title;
  EXPECT_TRUE(samples.more);
}

TEST_F(SamplesTest, WithoutGridsThereIsNoSection) {
  Done({}, 88);
  EXPECT_THAT(HtmlReport(ReadReport(Reader(), "demo", {}), "now"),
              Not(HasSubstr("<h2>Samples</h2>")));
}

}  // namespace
}  // namespace zerosweep
