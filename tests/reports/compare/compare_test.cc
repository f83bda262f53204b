#include "reports/compare/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "base/error.h"
#include "reports/compare/published.h"

namespace zerosweep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const PaperSettings kPapers = {
    .presets = {{"zeroq", {{"first_w", "same"}, {"act_placement", "relu"}}}},
    .parts = {},
    .recipes = {}};

Setting Set(const std::string& name, const Json& value, std::optional<Json> papers = {}) {
  return {"/quantizer/params/" + name, name, value, std::move(papers), !papers};
}

// A row of ours that IntraQ's released CIFAR-10 checkpoint (91.49 of 94.03, the best epoch) may be
// held against.
LeaderboardRow Ours() {
  LeaderboardRow row;
  row.dataset = "cifar10";
  row.model = "mine";
  row.arch = "resnet20_cifar_b";
  row.method = "intraq";
  row.synthesizer = "intraq";
  row.w_bits = row.a_bits = 4;
  row.bits = "w4a4";
  row.variant = "code";
  row.papers_known = true;
  row.n = 3;
  row.score_mean = 90;
  row.score_std = 0.25;
  row.means["fp32_top1"] = 94.03;
  row.drop = 4.03;
  row.protocol = "zeroq";
  row.protocol_fields = kPapers.presets.at("zeroq");
  row.tested = "[0]";
  return row;
}

Comparison OfOurs(const std::vector<LeaderboardRow>& board, const ComparisonFilter& filter = {}) {
  for (const Comparison& row : Compare(board, kPapers, filter))
    if (row.ours != nullptr) return row;
  return {};
}

TEST(CompareTest, DropsStandAgainstTheirOwnTeachers) {
  const std::vector<LeaderboardRow> board = {Ours()};
  const Comparison row = OfOurs(board, {.paper = "intraq"});
  ASSERT_NE(row.published, nullptr);
  EXPECT_EQ(row.published->value, 91.49);
  EXPECT_NEAR(*row.PublishedDrop(), 2.54, 1e-9);
  EXPECT_NEAR(*row.DropDifference(), 1.49, 1e-9);
  EXPECT_THAT(row.differences, ElementsAre("epoch: best there, last here"));
}

TEST(CompareTest, EveryFieldThatDiffersIsNamed) {
  std::vector<LeaderboardRow> board = {Ours()};
  board[0].means["fp32_top1"] = 88.13;
  board[0].arch = "resnet20_cifar_a";
  board[0].protocol_fields["first_w"] = 8;
  board[0].settings = {Set("protocol", "genie", "zeroq"), Set("lr", 0.5, 0.5), Set("batch", 64, 16),
                       Set("heldout", 9)};
  board[0].limit = 500;
  board[0].synthesizer = "real";
  board[0].tested = R"([500, {"fingerprint": "0123456789ab", "name": "cifar10"}, "w"])";
  const auto differences = OfOurs(board, {.paper = "intraq"}).differences;
  EXPECT_THAT(differences,
              ElementsAre("teacher: 94.03 there, 88.13 here",
                          "network: resnet20_cifar_b there, resnet20_cifar_a here",
                          "protocol: first_w same there, 8 here", "settings: batch 64, not 16",
                          "real data: no there, yes here", "epoch: best there, last here",
                          "test images: the first 500 here",
                          "dataset copy: 01234567 here, not told there"));
  const Table narrow = NarrowComparison({OfOurs(board, {.paper = "intraq"})}).table;
  EXPECT_EQ(narrow.rows[0].back(), "T N P S R E I");
  const Table wide = WideComparison({OfOurs(board, {.paper = "intraq"})}).table;
  EXPECT_THAT(wide.rows[0].back().get<std::string>(),
              StartsWith("teacher: 94.03 there, 88.13 here; network: "));
}

TEST(CompareTest, UnderEachRowStandsWhatOursIs) {
  std::vector<LeaderboardRow> board = {Ours(), Ours(), Ours()};
  board[0].settings = {Set("iterations", 0, 600), Set("batch", 64, 16)};
  board[1].settings = {Set("batch", 64, 16)};
  board[2].settings = {Set("iterations", 9, 600), Set("batch", 64, 16)};
  board[2].variant = "paper";
  const auto rows = Compare(board, kPapers, {});
  const DisplayTable narrow = NarrowComparison(rows);
  EXPECT_EQ(narrow.sections[0].note, "settings of all rows: batch 64");
  EXPECT_EQ(narrow.under[0], "intraq, zeroq: iterations 0");
  EXPECT_EQ(narrow.under[1], "intraq, zeroq");
  EXPECT_EQ(narrow.under[2], "intraq (paper), zeroq: iterations 9");
  EXPECT_EQ(narrow.under.back(), "") << "a number of a paper alone";
  const Table wide = WideComparison(rows).table;
  EXPECT_EQ(wide.columns[wide.columns.size() - 2], "settings");
  EXPECT_EQ(wide.rows[0][wide.columns.size() - 2], "iterations 0, batch 64");
  const Table table = ComparisonTable(rows);
  EXPECT_EQ(table.columns.back(), "ours_settings");
  EXPECT_EQ(table.rows[0].back(), Json({"iterations=0", "batch=64"}));
  EXPECT_TRUE(table.rows.back().back().is_null());
  std::istringstream lines(
      AlignedTable(NarrowComparison(Compare(board, kPapers, {.paper = "intraq"})), {}));
  int second_lines = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  ")) continue;
    EXPECT_LE(TextWidth(line), 100u) << line;
    ++second_lines;
  }
  EXPECT_GE(second_lines, 4);
}

TEST(CompareTest, OtherBitsDatasetsAndNetworksAreNotHeldAgainst) {
  for (const auto& change : std::vector<std::function<void(LeaderboardRow&)>>{
           [](auto& row) { row.a_bits = 5; }, [](auto& row) { row.dataset = "svhn"; },
           [](auto& row) { row.arch = "resnet56_cifar_b"; },
           [](auto& row) { row.method = "intraq+lp"; },
           [](auto& row) { row.bits = "w@first8a4"; }}) {
    std::vector<LeaderboardRow> board = {Ours()};
    change(board[0]);
    EXPECT_EQ(OfOurs(board).published, nullptr);
  }
}

TEST(CompareTest, MixedPrecisionMeetsItsBudget) {
  std::vector<LeaderboardRow> board = {Ours()};
  board[0].dataset = "imagenet";
  board[0].method = "zeroq_mp";
  board[0].arch = "resnet50";
  board[0].bits = "wmp4a8";
  board[0].a_bits = 8;
  const Comparison row = OfOurs(board, {.paper = "zeroq"});
  ASSERT_NE(row.published, nullptr);
  EXPECT_EQ(row.published->w_bits, "MP(avg4)");
}

TEST(CompareTest, NothingIsHidden) {
  const auto rows = Compare({}, kPapers, {});
  const auto told = std::count_if(PublishedNumbers().begin(), PublishedNumbers().end(),
                                  [](const auto& row) { return row.confidence != "recalled"; });
  EXPECT_EQ(rows.size(), static_cast<size_t>(told));
  EXPECT_EQ(Compare({}, kPapers, {.recalled = true}).size(), PublishedNumbers().size());
  // Ours that no paper has, too.
  std::vector<LeaderboardRow> board = {Ours()};
  board[0].method = "mine";
  EXPECT_EQ(Compare(board, kPapers, {}).size(), rows.size() + 1);
  EXPECT_EQ(Compare(board, kPapers, {.paper = "intraq"}).size(),
            Compare({}, kPapers, {.paper = "intraq"}).size());
}

TEST(CompareTest, WhatStandsOnBothSidesComesFirstThenOurs) {
  std::vector<LeaderboardRow> board = {Ours(), Ours()};
  board[0].method = "mine";
  const auto rows = Compare(board, kPapers, {});
  size_t both = 0;
  while (both < rows.size() && rows[both].published != nullptr && rows[both].ours == &board[1])
    ++both;
  ASSERT_GE(both, 1u);
  EXPECT_EQ(rows[both].ours, &board[0]);
  EXPECT_EQ(rows[both].published, nullptr);
  for (size_t i = both + 1; i < rows.size(); ++i) ASSERT_EQ(rows[i].ours, nullptr);
}

TEST(CompareTest, NumbersFromMemoryAreInParenthesesAndNeverATarget) {
  std::vector<LeaderboardRow> board = {Ours()};
  board[0].method = "clusterq";  // of which all is from memory
  EXPECT_EQ(OfOurs(board).published, nullptr);
  const Comparison row = OfOurs(board, {.paper = "clusterq", .recalled = true});
  ASSERT_NE(row.published, nullptr);
  EXPECT_EQ(NarrowComparison({row}).table.rows[0][3], "(92.06)");
  AddPublished(board, kPapers);
  EXPECT_FALSE(board[0].published);
}

TEST(CompareTest, TheLeaderboardTakesTheMostComparableNumber) {
  std::vector<LeaderboardRow> board = {Ours()};
  AddPublished(board, kPapers);
  EXPECT_EQ(board[0].published, 91.49);
  EXPECT_THAT(*board[0].published_source, StartsWith("IntraQ (Zhong et al., CVPR 2022), "));
}

TEST(CompareTest, UnknownWordsAreRefusedWithTheNearest) {
  const auto message = [](const ComparisonFilter& filter) -> std::string {
    try {
      Compare({}, kPapers, filter);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message({.paper = "genei"}), HasSubstr("paper 'genei', did you mean 'genie'?"));
  EXPECT_THAT(message({.method = "GDFG"}), HasSubstr("did you mean 'GDFQ'?"));
  EXPECT_EQ(message({.model = "ResNet-18"}), "no error");
  EXPECT_EQ(message({.model = "resnet18"}), "no error");
}

TEST(CompareTest, TheTableOfTheContract) {
  const std::vector<LeaderboardRow> board = {Ours()};
  const Table table = ComparisonTable(Compare(board, kPapers, {}));
  for (const auto& row : table.rows) ASSERT_EQ(row.size(), table.columns.size());
  EXPECT_THAT(table.columns, Contains("drop_difference"));
  const auto compared = Compare(board, kPapers, {});
  const DisplayTable narrow = NarrowComparison(compared), wide = WideComparison(compared);
  for (const Table& people : {narrow.table, wide.table}) {
    ASSERT_EQ(people.rows.size(), table.rows.size());
    for (const auto& row : people.rows) ASSERT_EQ(row.size(), people.columns.size());
  }
  EXPECT_EQ(narrow.sections.front().first_row, 0u);
  EXPECT_GT(narrow.sections.size(), 33u) << "a section for each paper and table";
}

}  // namespace
}  // namespace zerosweep
