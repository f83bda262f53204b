// What reading commands print, on a terminal and elsewhere, and what they refuse.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"
#include "tests/support/pseudo_terminal.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Two settings of one method, and the baseline.
class ReadingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    line_ = new CommandLine;
    line_->Write("sweep.yaml",
                 CommandLine::Sweep("grid:\n"
                                    "  method: [noise, {recipe: zeroq, synthesize: {iterations: "
                                    "4}}, {recipe: zeroq, synthesize: {iterations: 2}}]\n"
                                    "  bits: [w8a8]\n"));
    const Finished run = line_->Do({"run", *line_ / "sweep.yaml", "-n", "2"});
    EXPECT_EQ(run.code, 0) << run.err;
  }
  static void TearDownTestSuite() {
    delete line_;
    line_ = nullptr;
  }

  static std::vector<std::string> Command(const std::vector<std::string>& words) {
    std::vector<std::string> command = {BuildFolder() + "/bin/zerosweep", "--home", line_->home()};
    command.insert(command.end(), words.begin(), words.end());
    return command;
  }
  static std::vector<std::string> Lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  // Code points, without what makes letters bold.
  static size_t Columns(std::string line) {
    for (const char* code : {"\x1b[1m", "\x1b[0m"})
      for (size_t at = 0; (at = line.find(code)) != std::string::npos;) line.erase(at, 4);
    return static_cast<size_t>(
        std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  }
  static Json MethodsBy(const std::string& sort) {
    Json methods = Json::array();
    const Finished sorted = line_->Do({"leaderboard", "--format", "json", "--sort", sort});
    for (const Json& row : sorted.json())
      methods.push_back(row.at("method").get<std::string>() + " " +
                        row.at("settings").at(0).get<std::string>());
    return methods;
  }

  static CommandLine* line_;
};
CommandLine* ReadingTest::line_ = nullptr;

TEST_F(ReadingTest, ARedirectedTableIsPlainAndNarrow) {
  const Finished board = line_->Do({"leaderboard"});
  EXPECT_EQ(board.code, 0) << board.err;
  EXPECT_TRUE(board.out.starts_with("cifar10, tiny (FP32 ")) << board.out;
  EXPECT_THAT(board.out, HasSubstr("\nsettings of all rows: images 8\n"));
  EXPECT_THAT(board.out, HasSubstr("\n      iterations 4, synthesizer.batch 8\n"));
  for (const std::string& line : Lines(board.out)) EXPECT_LE(Columns(line), 100u) << line;
  for (const char c : board.out)
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << board.out;
  const Finished wide = line_->Do({"leaderboard", "--wide"});
  EXPECT_THAT(wide.out, AllOf(HasSubstr("95 % interval"), HasSubstr("published by")));
}

TEST_F(ReadingTest, ATerminalGetsBoldLettersAndItsOwnWidth) {
  const auto on_terminal = [](std::map<std::string, std::string> environment,
                              unsigned short width) {
    return OnATerminal(Command({"leaderboard"}), environment, width);
  };
  const std::string bold = on_terminal({}, 56);
  EXPECT_THAT(bold, AllOf(HasSubstr("\x1b[1mbits"), HasSubstr("iterations 4, synth")));
  for (const std::string& line : Lines(bold)) EXPECT_LE(Columns(line), 56u) << line;
  // Settings are never cut: they take more lines.
  EXPECT_THAT(on_terminal({{"NO_COLOR", "1"}}, 30),
              AllOf(HasSubstr("      synthesizer.batch 8"), Not(HasSubstr("4, synth")),
                    Not(HasSubstr("\x1b"))));
  EXPECT_THAT(OnATerminal(Command({"leaderboard", "--wide"}), {}, 56),
              HasSubstr("iterations 4, synthesizer.batch 8"))
      << "nothing is cut";
}

TEST_F(ReadingTest, EveryNumberStandsWithTheSettingsThatAreNotThePapers) {
  const Json rows = line_->Do({"leaderboard", "--format", "json", "--sort", "settings"}).json();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].at("settings"), Json({"images=8"}));
  EXPECT_EQ(rows[1].at("settings"), Json({"iterations=2", "images=8", "synthesizer.batch=8"}));
  EXPECT_EQ(rows[1].at("papers"),
            Json({{"iterations", 500}, {"images", 64}, {"synthesizer.batch", 64}}));
  EXPECT_EQ(rows[1].at("label"), "zeroq [iterations=2]");
  EXPECT_GE(rows[1].at("revisions").at("synthesize"), 1);
  EXPECT_TRUE(rows[1].at("images_seen").is_null()) << "nothing was trained";
  const Json compared =
      line_->Do({"compare", "--format", "json", "--where", "method=noise"}).json();
  EXPECT_TRUE(std::any_of(compared.begin(), compared.end(), [](const Json& row) {
    return row.at("ours_settings") == Json({"images=8"});
  }));
  const std::string versus = line_->Do({"compare", "--versus", "zeroq [iterations=4]"}).out;
  EXPECT_THAT(versus, HasSubstr("both: images 8; method: –; against: iterations 4,"));
  EXPECT_THAT(line_->Do({"report", "-o", *line_ / "r.tex"}).err, HasSubstr("r.tex"));
  EXPECT_THAT(Contents(*line_ / "r.tex"), HasSubstr("settings of all rows: images 8"));
  fs::remove(*line_ / "r.tex");
}

TEST_F(ReadingTest, RowsGoByAnyColumnOfTheJson) {
  const Json up = MethodsBy("method,settings"), down = MethodsBy("-method,-settings");
  EXPECT_EQ(up, Json({"noise images=8", "zeroq iterations=2", "zeroq iterations=4"}));
  EXPECT_EQ(down, Json({"zeroq iterations=4", "zeroq iterations=2", "noise images=8"}));
  const std::string csv =
      line_->Do({"leaderboard", "--format", "csv", "--sort", "-method,-settings"}).out;
  EXPECT_LT(csv.find("iterations=4"), csv.find("iterations=2"));
  const std::string table = line_->Do({"leaderboard", "--sort", "-method,settings"}).out;
  EXPECT_LT(table.find("iterations 2"), table.find("iterations 4"));
  for (const char* command : {"leaderboard", "compare"}) {
    const Finished unknown = line_->Do({command, "--sort", "accuracy"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_EQ(unknown.out, "");
    EXPECT_THAT(unknown.err,
                AllOf(HasSubstr("there is no column 'accuracy'"), HasSubstr("dataset")));
  }
}

TEST_F(ReadingTest, ExplainShowsTheCourseOfLosses) {
  const std::string stage = line_->Value(
      "SELECT min(stage) FROM v_stage WHERE kind = 'synthesize' AND implementation = 'zeroq'");
  const std::string trial =
      line_->Value("SELECT min(trial) FROM v_trial_stage WHERE stage = '" + stage + "'");
  for (const std::string& id : {stage, trial}) {
    const Finished explained = line_->Do({"explain", id});
    EXPECT_THAT(explained.out, HasSubstr("\nsynthesize zeroq, curves:\n  ")) << id;
    EXPECT_THAT(explained.out, AllOf(HasSubstr(" → "), HasSubstr("█"), HasSubstr("▁")));
    const Json curves = line_->Do({"explain", id, "--format", "json"}).json().at(0).at("curves");
    ASSERT_FALSE(curves.empty());
    EXPECT_EQ(curves[0].at("stage"), stage);
    EXPECT_GT(curves[0].at("first"), curves[0].at("last"));
  }
}

TEST_F(ReadingTest, AReaderThatHasHadEnoughEndsTheProgramQuietly) {
  const std::string program =
      "'" + BuildFolder() + "/bin/zerosweep' --home '" + line_->home().string() + "' ";
  for (const std::string command :
       {"query \"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
        "SELECT i, i * i FROM n\"",
        "methods", "compare"}) {
    for (const char* format : {"table", "json", "csv"}) {
      const Finished head =
          line_
              ->StartProgram({"/bin/bash", "-c",
                              program + "--quiet --format " + format + " " + command +
                                  " | head -n 1; exit ${PIPESTATUS[0]}"})
              ->Wait();
      EXPECT_EQ(head.code, 0) << command;
      EXPECT_EQ(head.err, "") << command;
      EXPECT_EQ(Lines(head.out).size(), 1u) << command;
    }
  }
}

TEST_F(ReadingTest, WhatWouldWriteIsNoQuery) {
  const std::string before = Contents(line_->home() / "results.db");
  const std::string other = *line_ / "other.db";
  for (const std::string& sql : std::vector<std::string>{
           "DELETE FROM trial",
           "UPDATE v_trial SET method = 'x'",
           "INSERT INTO trial SELECT * FROM trial",
           "DELETE FROM trial RETURNING *",
           "WITH x AS (SELECT 1) DELETE FROM trial",
           "WITH x AS (SELECT id FROM trial) INSERT OR REPLACE INTO sweep SELECT * FROM x",
           "SELECT 1; DELETE FROM trial",
           "DROP TABLE trial",
           "CREATE TABLE x (y)",
           "CREATE TEMP TABLE x (y)",
           "ALTER TABLE trial RENAME TO x",
           "REINDEX",
           "BEGIN",
           "PRAGMA user_version = 9",
           "PRAGMA journal_mode = DELETE",
           "PRAGMA writable_schema = ON",
           "SELECT * FROM pragma_journal_mode('DELETE')",
           "ATTACH '" + other + "' AS x",
           "VACUUM",
           "VACUUM INTO '" + other + "'",
           "SELECT load_extension('/tmp/x.so')",
           "SELECT writefile('" + other + "', 'x')",
           "SELECT zeroblob(3000000000)"}) {
    const Finished refused = line_->Do({"query", sql});
    EXPECT_EQ(refused.code, 2) << sql;
    EXPECT_EQ(refused.out, "") << sql;
    EXPECT_TRUE(refused.err.starts_with("zerosweep: query: ")) << sql << ": " << refused.err;
  }
  EXPECT_EQ(Contents(line_->home() / "results.db"), before);
  EXPECT_FALSE(fs::exists(other));
}

TEST_F(ReadingTest, NamesAreNoPaths) {
  for (const char* name :
       {"../tiny", "/etc/passwd", "tiny/../tiny", "tiny'; DROP TABLE sweep; --"}) {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"leaderboard", name},
             {"report", name, "-o", *line_ / "x.csv"},
             {"export", "--bundle", name, "-o", *line_ / "x.bundle"},
             {"explain", name},
             {"export", name, "-o", *line_ / "x.safetensors"},
             {"logs", name}}) {
      const Finished refused = line_->Do(words);
      EXPECT_EQ(refused.code, 2) << words[0] << " " << name;
      EXPECT_EQ(Lines(refused.err).size(), 1u) << refused.err;
    }
  }
  for (const auto& entry : fs::directory_iterator(*line_ / "."))
    EXPECT_FALSE(entry.path().filename().string().starts_with("x.")) << entry.path();
  EXPECT_EQ(line_->Value("SELECT count(*) FROM v_trial"), 3);
}

TEST_F(ReadingTest, AReportSaysHowToGetParquetAndWhereItCannotBeWritten) {
  const Finished parquet = line_->Do({"report", "tiny", "-o", *line_ / "x.parquet"});
  EXPECT_EQ(parquet.code, 2);
  EXPECT_THAT(parquet.err,
              AllOf(HasSubstr("DuckDB"), HasSubstr("results.db"), HasSubstr("TO 'x.parquet'")));
  EXPECT_EQ(line_->Do({"report", "tiny", "-o", *line_ / "absent/x.csv"}).code, 4);
  EXPECT_FALSE(fs::exists(*line_ / "absent"));
}

}  // namespace
}  // namespace zerosweep
