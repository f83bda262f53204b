#include "reports/compare/paper_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

// QDrop's README: six networks at four widths, one method.
LeaderboardRow RowOfOurs() {
  LeaderboardRow row;
  row.dataset = "imagenet";
  row.model = "mine";
  row.arch = "resnet18";
  row.method = "qdrop";
  row.w_bits = row.a_bits = 4;
  row.bits = "w4a4";
  row.n = 3;
  row.score_mean = 69.5;
  row.score_std = 0.25;
  row.tested = "[0]";
  return row;
}

const PaperRow* Find(const PaperTable& table, const std::string& bits, const std::string& method) {
  for (const PaperRow& row : table.rows)
    if (row.bits == bits && row.method == method) return &row;
  return nullptr;
}

TEST(PaperTableTest, OursStandsBeneathThePapers) {
  const auto tables = PaperTables({RowOfOurs()}, {}, "qdrop", false);
  ASSERT_FALSE(tables.empty());
  for (const PaperTable& table : tables) {
    EXPECT_THAT(table.title, HasSubstr("QDrop"));
    for (const PaperRow& row : table.rows) EXPECT_EQ(row.cells.size(), table.networks.size());
  }
  const PaperTable& table = tables.front();
  const PaperRow* theirs = Find(table, "W4A4", "QDrop");
  const PaperRow* ours = Find(table, "W4A4", "ours: qdrop");
  ASSERT_NE(theirs, nullptr);
  ASSERT_NE(ours, nullptr);
  EXPECT_EQ(ours - theirs, 1);
  EXPECT_EQ(ours->cells[0].text, "69.50 ± 0.25");
  EXPECT_FALSE(ours->cells[0].best) << "alone, nothing is best";
  EXPECT_EQ(Find(table, "W2A2", "ours: qdrop"), nullptr);
}

TEST(PaperTableTest, OursHasItsSettingsWhereverTheyAreNotThePapers) {
  LeaderboardRow fast = RowOfOurs(), slow = RowOfOurs();
  fast.settings = {{"/quantizer/params/lr", "lr", "scaled", Json("reference"), false},
                   {"/quantizer/params/batch", "batch", 32, Json(32), true}};
  slow.score_mean = 70;
  const auto tables = PaperTables({fast, slow}, {}, "qdrop", false);
  EXPECT_EQ(Find(tables.front(), "W4A4", "ours: qdrop [lr scaled]")->cells[0].text, "69.50 ± 0.25");
  EXPECT_EQ(Find(tables.front(), "W4A4", "ours: qdrop")->cells[0].text, "70.00 ± 0.25");
}

// FDDA's README has a table with all layers at the stated bits and one with first and last at 8,
// whose protocol is not told.
TEST(PaperTableTest, OfSeveralOfOneNameTheMostComparableStandsThere) {
  LeaderboardRow first_and_last = RowOfOurs();
  first_and_last.method = "fdda";
  first_and_last.score_mean = 71;
  first_and_last.protocol = "zeroq, first_w=8";
  first_and_last.protocol_fields = {{"first_w", 8}};
  LeaderboardRow everywhere = first_and_last;
  everywhere.score_mean = 70;
  everywhere.protocol = "zeroq";
  everywhere.protocol_fields = {{"first_w", "same"}};
  const PaperSettings papers = {
      .presets = {{"zeroq", {{"first_w", "same"}}}}, .parts = {}, .recipes = {}};
  std::map<std::string, std::vector<std::string>> ours;  // by table
  for (const PaperTable& table : PaperTables({first_and_last, everywhere}, papers, "fdda", false))
    for (const PaperRow& row : table.rows)
      if (row.ours) ours[table.title].push_back(row.method + " " + row.cells[0].text);
  EXPECT_THAT(ours, ElementsAre(Pair(HasSubstr("F4L4"), ElementsAre("ours: fdda 70.00 ± 0.25")),
                                Pair(HasSubstr("F8L8"),
                                     ElementsAre("ours: fdda 71.00 ± 0.25",
                                                 "ours: fdda (mine, zeroq) 70.00 ± 0.25"))));
}

// DSG's PTQ table of the extended paper has several methods in each block.
TEST(PaperTableTest, BestAndSecondOfEachNetwork) {
  const auto tables = PaperTables({}, {}, "dsg_extended", false);
  int best = 0;
  for (const PaperTable& table : tables) {
    for (size_t network = 0; network < table.networks.size(); ++network) {
      std::map<std::string, std::vector<double>> best_of, others_of;
      for (const PaperRow& row : table.rows) {
        const PaperCell& cell = row.cells[network];
        if (cell.text.empty()) continue;
        (cell.best ? best_of : others_of)[row.bits].push_back(std::stod(cell.text));
        best += cell.best ? 1 : 0;
      }
      for (const auto& [bits, values] : best_of)
        for (const double other : others_of[bits]) EXPECT_LT(other, values.front());
    }
  }
  EXPECT_GT(best, 10);
}

TEST(PaperTableTest, MemoryIsShownOnDemandAndNeverRanked) {
  EXPECT_TRUE(PaperTables({}, {}, "clusterq", false).empty());
  const auto tables = PaperTables({}, {}, "clusterq", true);
  ASSERT_EQ(tables.size(), 1u);
  for (const PaperRow& row : tables[0].rows) {
    for (const PaperCell& cell : row.cells) {
      EXPECT_FALSE(cell.best || cell.second);
      EXPECT_TRUE(cell.text.empty() || cell.text.front() == '(');
    }
  }
  EXPECT_THAT(PaperTablesAsLatex(tables), HasSubstr("\\textcolor{gray}{("));
}

TEST(PaperTableTest, ThreeFormatsEscapeWhatIsStored) {
  LeaderboardRow hostile = RowOfOurs();
  hostile.settings = {{"/x", "<script>alert(1)</script>|&_", 1, {}, true}};
  const auto tables = PaperTables({hostile}, {}, "qdrop", false);
  const std::string html = PaperTablesAsHtml(tables);
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, HasSubstr("Content-Security-Policy"));
  EXPECT_THAT(PaperTablesAsMarkdown(tables), HasSubstr("\\<script\\>alert(1)\\</script\\>\\|&\\_"));
  EXPECT_THAT(PaperTablesAsLatex(tables), HasSubstr("\\textless{}script\\textgreater{}"));
  EXPECT_THAT(PaperTablesAsLatex(tables), HasSubstr("69.50 $\\pm$ 0.25"));
}

}  // namespace
}  // namespace zerosweep
