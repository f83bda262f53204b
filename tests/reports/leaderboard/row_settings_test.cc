// No two rows of a leaderboard that were set otherwise may carry one label.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "reports/leaderboard/leaderboard.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

const PaperSettings kPapers = {
    .presets = {},
    .parts = {{{"synthesizer zeroq", "code"}, {{"images", 64}, {"iterations", 500}}},
              {{"quantizer minmax", "code"}, {{"batch", 256}}},
              {{"quantizer fdda", "code"},
               {{"real_images", 0}, {"iterations", 70000}, {"lr", 1e-6}, {"batch", 16}}},
              {{"correct", "code"}, {{"lamb_c", 0.02}}}},
    .recipes = {{"zeroq",
                 {{"protocol", {{"code", "zeroq"}, {"paper", "brecq"}, {"fixed", "zeroq"}}},
                  {"synthesizer", Json::object()}}}}};

// Ways to set a trial otherwise, each in one place, some of which no paper tells of.
std::vector<CellRow> Ways() {
  const Json none;
  std::vector<CellRow> cells = {{.params = {{"images", 64}, {"iterations", 500}}}};
  for (const Json& also : std::vector<Json>{
           {{"/synthesizer/params/images", 256}},
           {{"/synthesizer/params/iterations", 4}},
           {{"/synthesizer/params/iterations", 4}, {"/synthesizer/params/images", 256}},
           {{"/synthesizer/params/unheard_of", true}},
           {{"/synthesizer/params/deep", {{"in", {{"a", {1, 2, 3}}}}}}},
           {{"/synthesizer/params/deep", {{"in", {{"a", {1, 2, 4}}}}}}},
           {{"/quantizer/params/batch", 256}},
           {{"/quantizer/params/batch", 16}},
           {{"/quantizer/params/snapshots", 4}},
           {{"/quantizer/params/snapshots", 10}},
           {{"/correct", {{"lamb_c", 0.02}}}},
           {{"/correct", {{"lamb_c", 0.2}}}},
           {{"/protocol/first_w", 8}, {"/protocol/last_w", 8}},
           {{"/protocol/first_w", 8}, {"/protocol/last_w", "same"}},
           {{"/evaluate/limit", 500}},
           {{"/evaluate/limit", 501}},
           {{"/teacher/limit", 500}},
           {{"/dataset/fingerprint", Sha256Hex("one copy")}},
           {{"/dataset/fingerprint", Sha256Hex("another")}},
           {{"/model/weights", Sha256Hex("w")}, {"/model/mean", {0.5, 0.5, 0.5}}},
           {{"/model/weights", Sha256Hex("w")}, {"/model/mean", {0.5, 0.5, 0.4}}},
           {{"/model/weights", Sha256Hex("v")}, {"/model/mean", {0.5, 0.5, 0.5}}},
           {{"/bits/w", {{"conv1", 3}}}},
           {{"/bits/w", {{"conv1", 4}}}}}) {
    cells.push_back(cells.front());
    cells.back().also = also;
  }
  for (const int64_t real_images : {0, 10, 100, 1000})
    cells.push_back({.method = "fdda",
                     .also = {{"/quantizer/name", "fdda"},
                              {"/synthesizer", none},
                              {"/quantizer/params/real_images", real_images},
                              {"/quantizer/params/iterations", 600}}});
  for (const int revision : {2, 3}) {
    cells.push_back(cells.front());
    cells.back().revision = revision;
  }
  for (const char* protocol : {"genie", "genie*1a2b"}) {
    cells.push_back(cells.front());
    cells.back().protocol = protocol;
  }
  return cells;
}

struct RowSettingsTest : testing::Test, ResultsHome {};

TEST_F(RowSettingsTest, NoTwoRowsThatWereSetOtherwiseCarryOneLabel) {
  const std::vector<CellRow> ways = Ways();
  for (const CellRow& cell : ways) Done(cell, 80);
  for (const PaperSettings& papers : {kPapers, PaperSettings{}}) {
    const auto board = Leaderboard(Reader(), papers);
    ASSERT_EQ(board.size(), ways.size());
    std::set<std::string> for_programs, names, documents, terminal;
    const Table document = LeaderboardForDisplay(board);
    const DisplayTable narrow = NarrowLeaderboard(board);
    ASSERT_EQ(narrow.sections.size(), 1u) << "of one model: what all share tells none apart";
    for (size_t i = 0; i < board.size(); ++i) {
      const LeaderboardRow& row = board[i];
      const std::string cell = row.protocol + row.bits + row.variant;
      for_programs.insert(row.method + cell + SettingsAsJson(row).dump());
      names.insert(MethodName(row) + cell);
      documents.insert(VariantName(row) + cell + document.rows[i].at(4).get<std::string>());
      terminal.insert(VariantName(row) + cell + narrow.under[i]);
    }
    for (const auto& labels : {for_programs, names, documents, terminal})
      EXPECT_EQ(labels.size(), ways.size()) << testing::PrintToString(labels);
  }
}

// The row of these settings.
LeaderboardRow Find(const std::vector<LeaderboardRow>& board, const std::string& setting) {
  for (const LeaderboardRow& row : board)
    if (SettingsAsJson(row).dump().find(setting) != std::string::npos) return row;
  ADD_FAILURE() << "no row of " << setting;
  return {};
}

TEST_F(RowSettingsTest, RowsSayWhatIsNotThePapers) {
  for (const CellRow& cell : Ways()) Done(cell, 80);
  const auto board = Leaderboard(Reader(), kPapers);
  // Where one method was made by several revisions, every row tells its own.
  EXPECT_THAT(SettingsAsJson(Find(board, "[\"images=256\"")),
              ElementsAre("images=256", "revision.quantize=1"));
  EXPECT_THAT(SettingsAsJson(Find(board, "real_images=1000")),
              ElementsAre("iterations=600", "real_images=1000"));
  EXPECT_THAT(SettingsAsJson(Find(board, "lamb_c=0.2")),
              ElementsAre("lamb_c=0.2", "revision.quantize=1"));
  EXPECT_THAT(SettingsAsJson(Find(board, "protocol=genie\"")), Contains("protocol=genie"));
  EXPECT_THAT(SettingsAsJson(Find(board, "revision.quantize=2")),
              ElementsAre("revision.quantize=2"));
  const LeaderboardRow ten = Find(board, "real_images=10\"");
  EXPECT_EQ(MethodName(ten), "fdda [real_images=10]");
  const Table table = LeaderboardTable({ten});
  const auto value = [&table](const std::string& column) {
    const auto place = std::find(table.columns.begin(), table.columns.end(), column);
    return table.rows.at(0).at(static_cast<size_t>(place - table.columns.begin()));
  };
  EXPECT_EQ(value("papers"), Json({{"iterations", 70000}, {"real_images", 0}}));
  EXPECT_EQ(value("label"), "fdda [real_images=10]");
  EXPECT_EQ(value("quantizer"), "minmax");
  const auto unknown = Leaderboard(Reader(), {});
  EXPECT_FALSE(unknown.front().papers_known);
  EXPECT_TRUE(LeaderboardTable(unknown).rows[0].at(34).is_null());
}

TEST_F(RowSettingsTest, TrialsOfOtherRevisionsAreNoSamplesOfARow) {
  for (const int64_t seed : {0, 1}) Done({.seed = seed, .revision = 1}, 80);
  for (const int64_t seed : {0, 1}) Done({.seed = seed, .revision = 2}, 90);
  const auto board = Leaderboard(Reader(), kPapers);
  ASSERT_EQ(board.size(), 2u);
  EXPECT_EQ(board[0].score_mean, 90);
  EXPECT_EQ(board[0].revisions.at("quantize"), 2);
  EXPECT_EQ(board[1].n, 2);
  EXPECT_NE(board[0].key, board[1].key);
  EXPECT_THAT(MethodName(board[1]), HasSubstr("[revision.quantize=1]"));
}

TEST_F(RowSettingsTest, RealImagesOfTheSameRevisionAreTheCounterpart) {
  for (const int revision : {1, 2}) {
    Done({.method = "real", .revision = revision}, 80 + revision);
    Done({.method = "zeroq", .revision = revision}, 70);
  }
  for (const LeaderboardRow& row : Leaderboard(Reader(), {})) {
    if (row.method != "zeroq") continue;
    EXPECT_EQ(row.to_real, row.revisions.at("quantize") == 2 ? -12 : -11);
  }
}

}  // namespace
}  // namespace zerosweep
