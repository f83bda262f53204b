// The leaderboard on a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

LeaderboardRow RowOf(const std::string& model, const std::string& method, double top1) {
  LeaderboardRow row;
  row.dataset = "cifar10";
  row.model = model;
  row.method = method;
  row.bits = "w4a4";
  row.protocol = "zeroq";
  row.n = 3;
  row.score_mean = top1;
  row.score_std = 0.06;
  row.means["fp32_top1"] = 88.13;
  row.drop = 88.13 - top1;
  row.means["size_bytes"] = 134700;
  row.seconds_mean = 1752;
  row.papers_known = true;
  return row;
}

Setting Set(const std::string& name, const Json& value, std::optional<Json> papers = {}) {
  return {"/quantizer/params/" + name, name, value, std::move(papers), false};
}

std::vector<std::string> Headings(const DisplayTable& people) {
  std::vector<std::string> headings;
  for (const auto& section : people.sections) headings.push_back(section.heading);
  return headings;
}

TEST(LeaderboardDisplayTest, NarrowSaysOnceWhatEveryRowHas) {
  const std::vector<LeaderboardRow> rows = {RowOf("a", "zeroq", 80), RowOf("a", "real", 81)};
  const DisplayTable people = NarrowLeaderboard(rows);
  EXPECT_THAT(Headings(people), ElementsAre("cifar10, a (FP32 88.13 %), protocol zeroq"));
  EXPECT_THAT(people.table.columns,
              ElementsAre("bits", "method", "top-1 %", "n", "drop", "size", "seconds"));
  EXPECT_EQ(people.table.rows[0], (std::vector<Json>{"W4A4", "zeroq", "80.00 ± 0.06", "3", "8.13",
                                                     "134.7 kB", "1752.0"}));
}

// A row on images without labels.
LeaderboardRow Unlabelled(const std::string& model, const std::string& method,
                          const std::string& score, double value) {
  LeaderboardRow row = RowOf(model, method, value);
  row.ranked_by = score;
  row.means = {{score, value}, {"sqnr", 12.345}};
  row.drop.reset();
  return row;
}

TEST(LeaderboardDisplayTest, WithoutLabelsWhatRanksIsShownAndSaid) {
  std::vector<LeaderboardRow> rows = {Unlabelled("a", "zeroq", "agreement", 95.5),
                                      Unlabelled("a", "noise", "agreement", 90)};
  rows[0].means["kl"] = 0.0123456;
  rows[0].kl_std = 0.00051;
  rows[0].means["score_se"] = 1.234;
  rows[0].means["kl_se"] = 0.00234;
  const DisplayTable people = NarrowLeaderboard(rows);
  EXPECT_THAT(Headings(people), ElementsAre("cifar10, a, protocol zeroq"));
  EXPECT_THAT(people.table.columns, ElementsAre("bits", "method", "agreement %", "SE", "KL",
                                                "SE of KL", "SQNR dB", "n", "size", "seconds"));
  EXPECT_EQ(people.table.rows[0],
            (std::vector<Json>{"W4A4", "zeroq", "95.50 ± 0.06", "1.2", "0.01235 ± 0.00051",
                               "0.0023", "12.3", "3", "–", "1752.0"}));
  EXPECT_EQ(people.best, std::set<size_t>{0});
  EXPECT_THAT(Notes(rows), ElementsAre(kAgreementNote, kErrorNote));
  const Table document = LeaderboardForDisplay(rows);
  EXPECT_THAT(document.columns, ElementsAre("dataset", "model", "bits", "method", "settings",
                                            "agreement %", "SE", "KL", "SE of KL", "SQNR dB", "n",
                                            "to real", "images", "size", "seconds", "protocol"));
}

TEST(LeaderboardDisplayTest, RowsWithAndWithoutLabelsStandTogether) {
  const std::vector<LeaderboardRow> rows = {RowOf("a", "zeroq", 80),
                                            Unlabelled("maps", "zeroq", "iou", 71.5),
                                            Unlabelled("features", "zeroq", "cosine", 0.98765)};
  const DisplayTable people = NarrowLeaderboard(rows);
  EXPECT_THAT(people.table.columns, ElementsAre("bits", "method", "top-1 %", "IoU %", "cosine",
                                                "SQNR dB", "n", "drop", "size", "seconds"));
  const auto scores = [&](size_t row) {
    const auto& cells = people.table.rows.at(row);
    return std::vector<Json>(cells.begin() + 2, cells.begin() + 5);
  };
  EXPECT_EQ(scores(0), (std::vector<Json>{"80.00 ± 0.06", "–", "–"}));
  EXPECT_EQ(scores(1), (std::vector<Json>{"–", "71.50 ± 0.06", "–"}));
  EXPECT_EQ(scores(2), (std::vector<Json>{"–", "–", "0.9877 ± 0.0600"}));
  EXPECT_THAT(Notes(rows), ElementsAre(kIouNote, kCosineNote));
}

TEST(LeaderboardDisplayTest, NarrowShowsWhatSomeRowHas) {
  std::vector<LeaderboardRow> rows = {RowOf("a", "zeroq", 80), RowOf("a", "real", 81)};
  rows[0].to_real = 0.5;
  rows[1].published = 81.25;
  rows[1].protocol = "genie";
  rows[1].means["fp32_top1"] = 90;
  const DisplayTable people = NarrowLeaderboard(rows);
  EXPECT_THAT(Headings(people), ElementsAre("cifar10, a"));
  EXPECT_THAT(people.table.columns, ElementsAre("bits", "method", "top-1 %", "n", "drop", "to real",
                                                "size", "seconds", "published", "protocol"));
  EXPECT_EQ(people.table.rows[0].at(5), "+0.50");
  EXPECT_EQ(people.table.rows[0].at(8), "–");
  EXPECT_EQ(people.table.rows[1].at(8), "81.25");
  // One protocol and a mark: the teachers differ.
  rows[1].protocol = "zeroq";
  for (auto& row : rows) row.not_comparable = true;
  EXPECT_EQ(NarrowLeaderboard(rows).table.rows[0].back(), "zeroq *");
}

TEST(LeaderboardDisplayTest, NarrowKeepsAModelTogetherInTheOrderGiven) {
  const DisplayTable people =
      NarrowLeaderboard({RowOf("b", "zeroq", 80), RowOf("a", "real", 79), RowOf("b", "real", 78)});
  EXPECT_THAT(Headings(people), ElementsAre("cifar10, b (FP32 88.13 %), protocol zeroq",
                                            "cifar10, a (FP32 88.13 %), protocol zeroq"));
  EXPECT_EQ(people.sections[1].first_row, 2u);
  EXPECT_EQ(people.table.rows[1].at(2), "78.00 ± 0.06");
}

TEST(LeaderboardDisplayTest, TheBestOfRowsThatAreComparableStandsOut) {
  std::vector<LeaderboardRow> rows = {RowOf("a", "zeroq", 80), RowOf("a", "real", 81),
                                      RowOf("a", "noise", 81), RowOf("a", "genie", 90),
                                      RowOf("b", "zeroq", 70)};
  rows[3].protocol = "genie";  // alone with its protocol
  EXPECT_THAT(NarrowLeaderboard(rows).best, ElementsAre(1, 2));
  EXPECT_THAT(WideLeaderboard(rows).best, ElementsAre(1, 2));
  rows[2].tested = "[500]";
  EXPECT_THAT(WideLeaderboard(rows).best, ElementsAre(1));
  rows[0].score_mean = 81;
  EXPECT_THAT(WideLeaderboard(rows).best, ElementsAre()) << "none is better";
}

TEST(LeaderboardDisplayTest, ItFitsIntoAHundredColumns) {
  std::vector<LeaderboardRow> rows = {RowOf("a", "genie_d+pd_quant", 80), RowOf("a", "real", 81)};
  for (LeaderboardRow& row : rows) {
    row.to_real = -10.5;
    row.published = 72.25;
    row.protocol = "pd_quant";
    row.not_comparable = true;
  }
  std::istringstream lines(AlignedTable(NarrowLeaderboard(rows), {}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(TextWidth(line), 100u) << line;
  for (const char* note : {kIncomparableNote, kSharedImagesNote, kIntervalNote})
    EXPECT_LE(TextWidth(note), 100u) << note;
  for (const char* name :
       {"generator_schedule", "statistics_weight", "centroid_images", "averages"})
    rows[0].settings.push_back(Set(name, "a value of some length", "another"));
  rows[0].settings.push_back(Set("name", std::string(150, 'x'), "another"));
  rows[0].means["images_seen"] = 51200;
  rows[0].means["lr_kd"] = 0.7525;
  for (const size_t width : {0, 100, 60}) {
    std::istringstream cut(AlignedTable(NarrowLeaderboard(rows), {.bold = false, .width = width}));
    for (std::string line; std::getline(cut, line);) {
      if (width == 60 && !line.starts_with("      ")) continue;  // one column alone gives way
      EXPECT_LE(TextWidth(line), width == 0 ? 100u : width) << line;
    }
  }
}

TEST(LeaderboardDisplayTest, SettingsThatAllRowsOfASectionShareAreSaidOnce) {
  std::vector<LeaderboardRow> rows = {RowOf("a", "gdfq", 80), RowOf("a", "gdfq", 79),
                                      RowOf("b", "gdfq", 78), RowOf("b", "zeroq", 77),
                                      RowOf("c", "real", 90), RowOf("c", "zeroq", 90)};
  rows[0].settings = {Set("lr", 0.01, 0.1), Set("batch", 64, 200), Set("period", 0, 0)};
  rows[1].settings = {Set("batch", 64, 200), Set("snapshots", 9)};
  rows[2].settings = {Set("batch", 64, 200), Set("falls", "0.25, 0.5", "0.1")};
  rows[0].means["images_seen"] = rows[1].means["images_seen"] = 51200;
  rows[0].means["lr_kd"] = 0.752531;
  rows[1].means["real_images"] = 10;
  const DisplayTable people = NarrowLeaderboard(rows);
  EXPECT_THAT(people.under, ElementsAre("lr 0.01 · 51200 images seen · Σ lr·KD 0.7525",
                                        "snapshots 9 · 51200 images seen · 10 real images",
                                        "batch 64, falls '0.25, 0.5'", "paper's", "", ""));
  EXPECT_EQ(people.sections[0].note, "settings of all rows: batch 64");
  EXPECT_EQ(people.sections[1].note, "");
  EXPECT_EQ(people.sections[2].note, "settings of all rows: paper's");
  rows[5].papers_known = false;
  EXPECT_EQ(NarrowLeaderboard(rows).under[5], "the paper's are not known");
}

TEST(LeaderboardDisplayTest, DocumentsAndWideTablesHaveAColumnOfSettings) {
  std::vector<LeaderboardRow> rows = {RowOf("a", "gdfq", 80), RowOf("a", "real", 79)};
  for (LeaderboardRow& row : rows) row.settings = {Set("images", 256, 1024)};
  rows[0].settings.push_back(Set("lr", "scaled", "reference"));
  EXPECT_EQ(SharedSettings(rows), "settings of all rows: images 256");
  for (const Table& table : {LeaderboardForDisplay(rows), WideLeaderboard(rows).table}) {
    ASSERT_EQ(table.columns[4], "settings");
    EXPECT_EQ(table.rows[0][4], "lr scaled");
    EXPECT_EQ(table.rows[1][4], "–");
  }
  EXPECT_EQ(WideLeaderboard(rows).sections.at(0).heading, SharedSettings(rows));
  EXPECT_THAT(LeaderboardForDisplay(rows).columns, Not(Contains("images seen")));
  rows[0].means["untrained_top1"] = 50;
  EXPECT_THAT(LeaderboardForDisplay(rows).columns, Contains("images seen")) << "of no older row";
  rows[0].means["images_seen"] = 51200;
  rows[0].means["lr_kd"] = 0.75;
  const Table trained = LeaderboardForDisplay(rows);
  for (const char* column : {"untrained", "images seen", "Σ lr·KD"})
    EXPECT_THAT(trained.columns, Contains(column));
  EXPECT_THAT(trained.columns, Not(Contains("real images")));
  EXPECT_THAT(trained.rows[0], Contains("0.75"));
}

TEST(LeaderboardDisplayTest, WideHasEverything) {
  LeaderboardRow row = RowOf("a", "gdfq", 80);
  row.score_ci_low = 79.5;
  row.score_ci_high = 80.5;
  row.means["heldout_snapshot_top1"] = 79.75;
  row.published = 63.75;
  row.published_source = "GDFQ (ECCV 2020), Table 2";
  const Table wide = WideLeaderboard({row}).table;
  const Table document = LeaderboardForDisplay({row});
  for (const std::string& column : document.columns) EXPECT_THAT(wide.columns, Contains(column));
  for (const char* cell : {"79.50 … 80.50", "63.75", "GDFQ (ECCV 2020), Table 2"}) {
    EXPECT_THAT(wide.rows[0], Contains(cell));
    EXPECT_THAT(document.rows[0], Not(Contains(cell)));
  }
  EXPECT_FALSE(WideLeaderboard({row}).shrinkable) << "nothing is cut";
}

}  // namespace
}  // namespace zerosweep
