// Databases of older schemas.
#include "storage/results/schema.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "base/error.h"
#include "storage/results/results.h"
#include "storage/results/sqlite.h"
#include "tests/support/old_home.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using Columns = std::map<std::string, std::string>;  // of each view, joined by commas

// Of the views that show what a sweep left behind.
Columns ColumnsOf(Database& database) {
  Columns columns;
  for (const char* view :
       {"v_trial", "v_stage", "v_trial_stage", "v_attempt", "v_metric", "v_artifact"})
    columns[view] = database.Scalar(
        fmt::format("SELECT group_concat(name) FROM pragma_table_info('{}')", view));
  return columns;
}

// All rows of these columns as text, one a line.
std::string RowsOf(Database& database, const Columns& columns) {
  std::string rows;
  for (const auto& [view, names] : columns) {
    Statement& select =
        database.Prepare(fmt::format("SELECT {} FROM {} ORDER BY {}", names, view, "1, 2, 3"));
    while (select.Step()) {
      rows += view;
      for (int i = 0; i < sqlite3_column_count(select.get()); ++i) rows += "|" + select.Text(i);
      rows += "\n";
    }
  }
  return rows;
}

// Of every released schema.
class SchemaTest : public testing::TestWithParam<int> {};

TEST_P(SchemaTest, OpensAndKeepsItsRows) {
  const TempFolder folder;
  const Home home{folder.path()};
  Columns columns;
  std::string rows;
  {
    Database database(home.database(), OpenMode::kWrite);
    database.Exec(OldDatabase(GetParam()));
    EXPECT_EQ(database.Scalar("PRAGMA user_version"), std::to_string(GetParam()));
    EXPECT_THROW(CheckSchema(database), Error);
    columns = ColumnsOf(database);
    rows = RowsOf(database, columns);
    EXPECT_EQ(database.Scalar("SELECT count(*) FROM v_attempt WHERE outcome = 'done'"), "7");
  }
  HomeLock lock(home, SystemClock());
  const ResultsWriter writer(home, lock);
  Database database(home.database(), OpenMode::kRead);
  CheckSchema(database);
  EXPECT_EQ(database.Scalar("PRAGMA user_version"), std::to_string(SchemaVersion()));
  EXPECT_EQ(RowsOf(database, columns), rows) << "names and all else, in every view";
  EXPECT_EQ(database.Scalar("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(database.Scalar("PRAGMA foreign_key_check"), "");
  EXPECT_EQ(database.Scalar("SELECT group_concat(bits || ' ' || seed || ' ' || state, ', ') FROM "
                            "v_trial WHERE sweep = 'kept'"),
            "w8a8 0 done, w8a8 1 done");
  EXPECT_EQ(database.Scalar("SELECT count(*) FROM v_trial WHERE top1 > 80 AND fp32_top1 > 80"),
            "2");
  EXPECT_EQ(database.Scalar("SELECT count(*) FROM correctness WHERE images = 64"), "2");
}

INSTANTIATE_TEST_SUITE_P(All, SchemaTest, testing::Range(1, SchemaVersion()));

// Ends this process, as a power cut or the system might, after `steps` of SQLite's machine.
void DieAfter(Database& database, int* steps) {
  sqlite3_progress_handler(
      database.get(), 100,
      [](void* left) {
        if ((*static_cast<int*>(left) -= 100) <= 0) raise(SIGKILL);
        return 0;
      },
      steps);
}

int Die(void*) { return raise(SIGKILL); }

enum class Moment { kDuring, kBeforeCommit, kAfterCommit, kGivingBackSpace };

// Brings the database up to date in a process that is killed then. Returns whether it was.
bool MigrateAndDie(const Home& home, Moment moment, int steps) {
  const pid_t child = fork();
  if (child == 0) {
    Database database(home.database(), OpenMode::kWrite);
    if (moment == Moment::kDuring) DieAfter(database, &steps);
    if (moment == Moment::kBeforeCommit) sqlite3_commit_hook(database.get(), Die, nullptr);
    Migrate(database);
    if (moment == Moment::kAfterCommit) raise(SIGKILL);
    if (moment == Moment::kGivingBackSpace) DieAfter(database, &steps);
    GiveBackSpace(database);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

TEST(MigrationTest, KilledAtAnyMomentLeavesTheOldOrTheNewDatabase) {
  const TempFolder folder;
  const Home old{folder / "old"};
  MakeOldHome(old, 300);
  Columns columns;
  std::string rows;
  {
    Database database(old.database(), OpenMode::kRead);
    columns = ColumnsOf(database);
    rows = RowsOf(database, columns);
  }
  std::map<std::string, int> versions;  // that were found → how often
  const auto try_at = [&](Moment moment, int steps) {
    const Home home{folder / "copy"};
    std::filesystem::remove_all(home.folder);
    std::filesystem::copy(old.folder, home.folder, std::filesystem::copy_options::recursive);
    const bool killed = MigrateAndDie(home, moment, steps);
    Database database(home.database(), OpenMode::kWrite);
    ++versions[database.Scalar("PRAGMA user_version")];
    EXPECT_EQ(database.Scalar("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(RowsOf(database, columns), rows) << steps;
    Migrate(database);
    EXPECT_EQ(RowsOf(database, columns), rows) << steps;
    EXPECT_EQ(database.Scalar("PRAGMA foreign_key_check"), "");
    return killed;
  };
  int steps = 100;
  for (; try_at(Moment::kDuring, steps); steps *= 2) {
  }
  EXPECT_GT(steps, 50'000) << "it was over sooner than thought";
  EXPECT_TRUE(try_at(Moment::kBeforeCommit, 0));
  EXPECT_GE(versions["4"], 10);
  const std::string now = std::to_string(SchemaVersion());
  EXPECT_EQ(versions[now], 1) << "of the one that was not killed";
  EXPECT_TRUE(try_at(Moment::kAfterCommit, 0));
  EXPECT_TRUE(try_at(Moment::kGivingBackSpace, 1000));
  EXPECT_EQ(versions[now], 3);
}

TEST(MigrationTest, GivesSpaceBack) {
  const TempFolder folder;
  const Home home{folder / "home"};
  MakeOldHome(home, 1000);
  const auto before = std::filesystem::file_size(home.database());
  HomeLock lock(home, SystemClock());
  { const ResultsWriter writer(home, lock); }
  EXPECT_LT(std::filesystem::file_size(home.database()), before / 2);
}

}  // namespace
}  // namespace zerosweep
