#include "reports/compare/versus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr size_t kImages = 1000;

struct VersusTest : testing::Test, ResultsHome {
  // A finished trial that has the first `right` images right.
  void Right(const CellRow& cell, size_t right) {
    Done(cell, 100.0 * static_cast<double>(right) / kImages);
    std::string bits(kImages / 8, '\0');
    for (size_t i = 0; i < right; ++i) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
    writer.AddCorrectness(rows.NameOf(rows.trials.back(), "evaluate"), bits, kImages);
  }
};

TEST_F(VersusTest, PairsTheSeedsThatBothHave) {
  for (const int64_t seed : {0, 1, 2}) Right({.method = "zeroq", .seed = seed}, 800);
  for (const int64_t seed : {1, 2, 3})
    Right({.method = "dsg", .seed = seed}, 830 + static_cast<size_t>(seed));
  const auto all = Versus(Reader(), {}, "demo", {}, "zeroq");
  ASSERT_EQ(all.size(), 1u);
  const VersusRow& row = all[0];
  EXPECT_EQ(row.method.method, "dsg");
  EXPECT_EQ(row.result->n, 2);
  EXPECT_NEAR(row.result->difference, 3.15, 1e-5);
  EXPECT_EQ(*row.result->p, 0.5);
  EXPECT_EQ(row.p_holm, 0.5);
  EXPECT_FALSE(SharesImages(row.method));
  EXPECT_THAT(Conclusion(row), HasSubstr("dsg is better than zeroq by 3.15 points"));
  EXPECT_THAT(Conclusion(row), HasSubstr("not shown (p = 0.5 after Holm; 2 seeds cannot go below "
                                         "0.5). About 6 seeds would settle it."));
}

TEST_F(VersusTest, LeadersAreHeldAgainstTheNextOfTheirProtocol) {
  for (const int64_t seed : {0, 1}) {
    Right({.method = "first", .seed = seed}, 900);
    Right({.method = "second", .seed = seed}, 850);
    Right({.method = "third", .seed = seed}, 800);
    Right({.method = "other", .seed = seed, .protocol = "genie"}, 880);
    Right({.method = "alone", .w_bits = 4, .seed = seed}, 700);
  }
  const auto board = Leaderboard(Reader(), {}, "demo");
  const auto leaders = Leaders(Reader(), "demo", board, 10);
  ASSERT_EQ(leaders.size(), 1u);
  EXPECT_EQ(leaders[0].method.method, "first");
  EXPECT_EQ(leaders[0].against.method, "second");
  EXPECT_NEAR(leaders[0].result->difference, 5, 1e-5);
  EXPECT_TRUE(Leaders(Reader(), "demo", board, 0).empty());
}

TEST_F(VersusTest, SixSeedsCanShowIt) {
  for (const int64_t seed : {0, 1, 2, 3, 4, 5}) {
    Right({.method = "zeroq", .seed = seed}, 800);
    Right({.method = "noise", .seed = seed}, 750 - static_cast<size_t>(seed));
  }
  const auto all = Versus(Reader(), {}, "", {}, "zeroq");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].p_holm, 0.03125);
  EXPECT_THAT(Conclusion(all[0]), HasSubstr("noise is worse than zeroq by 5.25 points"));
  EXPECT_THAT(Conclusion(all[0]), HasSubstr("over 6 seeds: shown (p = 0.031 after Holm)."));
  EXPECT_THAT(Conclusion(all[0]), Not(HasSubstr("would settle")));
}

TEST_F(VersusTest, HolmCountsEveryComparisonOfTheTable) {
  for (const int64_t seed : {0, 1, 2, 3, 4, 5}) {
    Right({.method = "zeroq", .seed = seed}, 800);
    Right({.method = "noise", .seed = seed}, 750);
    Right({.method = "dsg", .seed = seed}, 850);
  }
  const auto all = Versus(Reader(), {}, "", {}, "zeroq");
  ASSERT_EQ(all.size(), 2u);
  for (const VersusRow& row : all) {
    EXPECT_EQ(row.p_holm, 0.0625);
    EXPECT_THAT(Conclusion(row), HasSubstr("6 seeds cannot go below 0.062). About 7 seeds would"));
  }
}

TEST_F(VersusTest, OneSeedIsAStatementAboutTwoNetworks) {
  Right({.method = "zeroq"}, 800);
  Right({.method = "dsg"}, 803);
  const auto all = Versus(Reader(), {}, "", {}, "zeroq");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_NEAR(*all[0].result->p, 0.25, 1e-12);  // 3 against 0
  EXPECT_THAT(Conclusion(all[0]), HasSubstr("cannot be told apart: +0.30 points"));
  EXPECT_THAT(Conclusion(all[0]), HasSubstr("on one seed's networks (p = 0.25)"));
}

TEST_F(VersusTest, NothingInCommonIsSaidAndOtherBitsAreNotMixed) {
  Right({.method = "zeroq", .seed = 0}, 800);
  Right({.method = "dsg", .seed = 1}, 800);
  Right({.method = "dsg", .w_bits = 4, .seed = 0}, 700);
  const auto all = Versus(Reader(), {}, "", {}, "zeroq");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_FALSE(all[0].result);
  EXPECT_FALSE(all[0].p_holm);
  EXPECT_THAT(Conclusion(all[0]), HasSubstr("no seed in common"));
  const Table table = VersusTable(all), people = VersusForPeople(all).table;
  EXPECT_EQ(table.rows[0].size(), table.columns.size());
  EXPECT_EQ(people.rows[0].size(), people.columns.size());
}

TEST_F(VersusTest, SettingsOfOneMethodAgainstEachOther) {
  for (const int64_t iterations : {0, 500}) {
    Right({.method = "zeroq", .params = {{"iterations", iterations}}},
          800 + static_cast<size_t>(iterations) / 100);
  }
  const auto by_name = Versus(Reader(), {}, "", {}, "zeroq");
  ASSERT_EQ(by_name.size(), 1u);
  const auto by_settings = Versus(Reader(), {}, "", {}, "zeroq [iterations=0]");
  ASSERT_EQ(by_settings.size(), 1u);
  EXPECT_EQ(MethodName(by_settings[0].against), "zeroq [iterations=0]");
  EXPECT_NEAR(by_settings[0].result->difference, 0.5, 1e-5);
  for (const int64_t iterations : {0, 500}) {
    Right({.method = "zeroq", .params = {{"iterations", iterations}, {"lr", 0.5}}},
          700 + static_cast<size_t>(iterations) / 100);
  }
  EXPECT_EQ(Versus(Reader(), {}, "", {}, "zeroq [lr=0.5 iterations=0]").size(), 3u);
  EXPECT_EQ(Versus(Reader(), {}, "", {}, "zeroq [iterations=0]").size(), 5u);
  EXPECT_EQ(Versus(Reader(), {}, "", {}, "zeroq [lr=0.5]").size(), 5u);
  const Table table = VersusTable(by_settings);
  EXPECT_EQ(table.rows[0].size(), table.columns.size());
}

TEST_F(VersusTest, BothSidesShowTheirSettings) {
  const PaperSettings papers = {
      .presets = {},
      .parts = {{{"synthesizer zeroq", "code"}, {{"iterations", 500}, {"images", 64}}},
                {{"quantizer minmax", "code"}, Json::object()}},
      .recipes = {}};
  Right({.params = {{"iterations", 500}, {"images", 256}}}, 800);
  Right({.params = {{"iterations", 20}, {"images", 256}}}, 700);
  const auto all = Versus(Reader(), papers, "", {}, "zeroq [iterations=500]");
  ASSERT_EQ(all.size(), 1u);
  const DisplayTable people = VersusForPeople(all);
  EXPECT_EQ(people.under[0], "both: images 256; method: iterations 20; against: –");
  const Table table = VersusTable(all);
  EXPECT_EQ(table.columns.back(), "against_settings");
  EXPECT_EQ(table.rows[0].back(), Json({"images=256"}));
  EXPECT_EQ(table.rows[0][table.columns.size() - 2], Json({"iterations=20", "images=256"}));
}

TEST_F(VersusTest, OtherRevisionsAreOtherRows) {
  Right({.revision = 1}, 800);
  Right({.revision = 2}, 830);
  const auto all = Versus(Reader(), {}, "", {}, "zeroq [revision.quantize=1]");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_NEAR(std::abs(all[0].result->difference), 3, 1e-5);
}

TEST_F(VersusTest, AnUnknownMethodNamesTheNearest) {
  Right({.method = "zeroq"}, 800);
  try {
    Versus(Reader(), {}, "", {}, "zerq");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("'zerq', did you mean 'zeroq'?"));
  }
}

TEST_F(VersusTest, OtherProtocolsAreMarked) {
  Right({.method = "zeroq"}, 800);
  Right({.method = "dsg", .protocol = "genie"}, 820);
  EXPECT_THAT(Conclusion(Versus(Reader(), {}, "", {}, "zeroq")[0]),
              HasSubstr("Their protocols differ (genie, zeroq)."));
}

}  // namespace
}  // namespace zerosweep
