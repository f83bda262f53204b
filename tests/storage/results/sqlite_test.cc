#include "storage/results/sqlite.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

// As SQLite's own, which not every version has.
TEST(SqliteTest, UnhexGivesBytesOrNull) {
  const TempFolder folder;
  Database database(folder / "db", OpenMode::kWrite);
  EXPECT_EQ(database.Scalar("SELECT hex(unhex('00fFa9'))"), "00FFA9");
  EXPECT_EQ(database.Scalar("SELECT typeof(unhex('00')) || typeof(unhex(''))"), "blobblob");
  for (const char* other : {"'0'", "'0g'", "'trial-a'", "'00 1'", "NULL"})
    EXPECT_EQ(database.Scalar(fmt::format("SELECT typeof(unhex({}))", other)), "null") << other;
}

}  // namespace
}  // namespace zerosweep
