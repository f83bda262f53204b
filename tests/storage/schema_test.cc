// Databases of older schemas.
#include "storage/schema.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "storage/results.h"
#include "storage/sqlite.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

// A database of every released schema (schemas/schemaN.sql: two trials of noise at w8a8) opens in
// this one, with all that it holds.
class SchemaTest : public testing::TestWithParam<int> {};

TEST_P(SchemaTest, OpensAndKeepsItsRows) {
  const TempFolder folder;
  const Home home{folder.path()};
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  const std::filesystem::path dumps =
      std::filesystem::path(source == nullptr ? "." : source) / "tests/storage/schemas";
  const auto attempts = [](Database& database) {
    return database.Scalar("SELECT count(*) FROM attempt WHERE outcome = 'done'");
  };
  {
    Database database(home.database(), OpenMode::kWrite);
    database.Exec(ReadFile(dumps / fmt::format("schema{}.sql", GetParam())));
    EXPECT_EQ(database.Scalar("PRAGMA user_version"), std::to_string(GetParam()));
    EXPECT_EQ(attempts(database), "7");
    EXPECT_THROW(CheckSchema(database), Error);
  }
  HomeLock lock(home, SystemClock());
  const ResultsWriter writer(home, lock);
  Database database(home.database(), OpenMode::kRead);
  CheckSchema(database);
  EXPECT_EQ(database.Scalar("PRAGMA user_version"), std::to_string(SchemaVersion()));
  EXPECT_EQ(attempts(database), "7");
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

}  // namespace
}  // namespace zerosweep
