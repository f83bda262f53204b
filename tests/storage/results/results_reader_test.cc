#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "storage/results/results.h"
#include "storage/results/sqlite.h"
#include "tests/support/sweep_rows.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct ResultsReaderTest : testing::Test {
  ResultsReaderTest() {
    AddCell(rows, {});
    writer.AddSweep("demo", "name: demo", Json::object(), rows.trials, rows.stages);
  }
  // The message of a query that must be refused as the caller's mistake.
  std::string Refusal(const std::string& sql, double timeout = 60) {
    try {
      ResultsReader(home).Query(sql, {}, 1000, timeout);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
      return error.what();
    }
    return "allowed";
  }

  const TempFolder folder;
  const Home home{folder / "home"};
  HomeLock lock{home, SystemClock()};
  ResultsWriter writer{home, lock};
  SweepRows rows;
};

TEST_F(ResultsReaderTest, ViewsHaveTheColumnsOfTheContract) {
  const ResultsReader reader(home);
  EXPECT_THAT(reader.Query("SELECT * FROM v_trial").columns,
              ElementsAre("trial", "sweep", "dataset", "model", "method", "synthesizer",
                          "quantizer", "w_bits", "a_bits", "seed", "state", "top1", "fp32_top1",
                          "loss", "seconds", "attempts", "protocol", "error", "bits"));
  EXPECT_THAT(reader.Query("SELECT * FROM v_published").columns,
              ElementsAre("paper", "table_", "method", "dataset", "arch", "w_bits", "a_bits",
                          "metric", "value", "fp32", "confidence", "source", "title", "recipe",
                          "model_as_printed", "bits", "preset", "stem_out", "checkpoint", "pick",
                          "needs_real_data", "training"));
  for (const char* view : {"v_stage", "v_trial_stage", "v_attempt", "v_metric", "v_artifact"}) {
    EXPECT_GE(reader.Query(std::string("SELECT * FROM ") + view).columns.size(), 3u) << view;
  }
}

TEST_F(ResultsReaderTest, BindsAndTypesValues) {
  const Table table =
      ResultsReader(home).Query("SELECT ?, ?, ?, ?, x'00ff'", {1, 2.5, "a", nullptr});
  EXPECT_EQ(table.rows[0], (std::vector<Json>{1, 2.5, "a", nullptr, Json::binary({0x00, 0xff})}));
}

TEST_F(ResultsReaderTest, AllowsReadingOnly) {
  EXPECT_THAT(Refusal("DELETE FROM trial"), HasSubstr("only SELECT"));
  EXPECT_THAT(Refusal("PRAGMA user_version = 9"), HasSubstr("only SELECT"));
  EXPECT_THAT(Refusal("ATTACH '/tmp/x.db' AS x"), HasSubstr("only SELECT"));
  EXPECT_THAT(Refusal("CREATE TEMP TABLE x (y)"), HasSubstr("only SELECT"));
  EXPECT_THAT(Refusal("SELECT load_extension('x')"), HasSubstr("query:"));
  EXPECT_THAT(Refusal("SELECT 1; DELETE FROM trial"), HasSubstr("exactly one SELECT"));
  EXPECT_THAT(Refusal(""), HasSubstr("exactly one SELECT"));
  EXPECT_THAT(Refusal("SELECT nothing FROM v_trial"), HasSubstr("nothing"));
  EXPECT_THAT(Refusal("SELECT ?"), HasSubstr("parameters"));
  EXPECT_EQ(Refusal("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) "
                    "SELECT sum(i) FROM n ;"),
            "allowed");
}

// What the authorizer sees only while the statement runs.
TEST_F(ResultsReaderTest, RefusesWhatWouldWriteElsewhere) {
  EXPECT_THAT(Refusal("VACUUM INTO '" + (folder / "x.db").string() + "'"),
              HasSubstr("only SELECT"));
  EXPECT_FALSE(std::filesystem::exists(folder / "x.db"));
  EXPECT_THAT(Refusal("WITH x AS (SELECT 1) DELETE FROM trial"), HasSubstr("only SELECT"));
  EXPECT_THAT(Refusal("SELECT zeroblob(3000000000)"), HasSubstr("too big"));
}

TEST_F(ResultsReaderTest, EndsAQueryThatDoesNotEnd) {
  EXPECT_THAT(Refusal("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                      "SELECT count(*) FROM n",
                      0.05),
              HasSubstr("narrow it"));
}

TEST_F(ResultsReaderTest, CutsRowsAtTheLimit) {
  const ResultsReader reader(home);
  const Table cut = reader.Query("SELECT * FROM v_stage", {}, 2);
  EXPECT_EQ(cut.rows.size(), 2u);
  EXPECT_TRUE(cut.truncated);
  EXPECT_FALSE(reader.Query("SELECT * FROM v_stage", {}, 4).truncated);
}

TEST_F(ResultsReaderTest, SaysWhenThereIsNoDatabase) {
  try {
    ResultsReader reader(Home{folder / "nowhere"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_THAT(error.what(), HasSubstr("run a sweep first"));
  }
}

TEST_F(ResultsReaderTest, RefusesANewerSchema) {
  const Home other{folder / "newer"};
  other.Create();
  Database(other.database(), OpenMode::kWrite).Exec("PRAGMA user_version = 99");
  const std::string expected = "made by a newer zerosweep (schema 99";
  HomeLock other_lock(other, SystemClock());
  for (const auto& open : std::vector<std::function<void()>>{
           [&] { ResultsReader reader(other); }, [&] { ResultsWriter newer(other, other_lock); }}) {
    try {
      open();
      FAIL() << "opened";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kStorage);
      EXPECT_THAT(error.what(), HasSubstr(expected));
    }
  }
}

TEST_F(ResultsReaderTest, RefusesAFileThatIsNoDatabase) {
  const Home other{folder / "damaged"};
  other.Create();
  WriteFileDurably(other.database(), std::string(8192, 'x'));
  try {
    ResultsReader reader(other);
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_THAT(error.what(), HasSubstr("damaged"));
  }
}

TEST_F(ResultsReaderTest, RollsBackWhatADeadWriterLeftBehind) {
  const Home other{folder / "crashed"};
  const ResultsOptions network{.network = true};
  {
    HomeLock other_lock(other, SystemClock());
    ResultsWriter(other, other_lock, network)
        .AddSweep("demo", "", Json::object(), rows.trials, rows.stages);
  }
  const pid_t child = fork();
  if (child == 0) {
    Database database(other.database(), OpenMode::kWrite);
    database.Exec(
        "PRAGMA cache_size = 1");  // pages reach the file, and their old content the journal
    database.Exec(
        "BEGIN; UPDATE configuration SET method = 'half'; CREATE TABLE filler AS WITH RECURSIVE "
        "n(i) AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT randomblob(500) FROM n");
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_GT(std::filesystem::file_size(other.database().string() + "-journal"), 0u);
  EXPECT_EQ(ResultsReader(other, network).Query("SELECT method FROM v_trial").rows[0][0], "zeroq");
  EXPECT_FALSE(std::filesystem::exists(other.lock()));
}

TEST_F(ResultsReaderTest, OnANetworkFileSystemReadersSeeTheSnapshot) {
  const Home other{folder / "network"};
  const ResultsOptions network{.network = true};
  HomeLock other_lock(other, SystemClock());
  ResultsWriter remote(other, other_lock, network);
  remote.AddSweep("demo", "", Json::object(), rows.trials, rows.stages);
  EXPECT_FALSE(std::filesystem::exists(other.database().string() + "-wal"));
  EXPECT_TRUE(remote.PublishSnapshot());
  EXPECT_FALSE(remote.PublishSnapshot());  // nothing changed
  FinishStage(remote, rows.NameOf(rows.trials[0], "teacher"));
  const ResultsReader before(other, network);
  ASSERT_TRUE(before.SnapshotAge());
  EXPECT_EQ(before.Query("SELECT * FROM v_attempt").rows.size(), 0u);
  EXPECT_TRUE(remote.PublishSnapshot());
  EXPECT_EQ(ResultsReader(other, network).Query("SELECT * FROM v_attempt").rows.size(), 1u);
  EXPECT_FALSE(ResultsReader(home).SnapshotAge());
  EXPECT_FALSE(writer.PublishSnapshot());
}

}  // namespace
}  // namespace zerosweep
