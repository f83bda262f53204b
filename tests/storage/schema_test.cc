// Databases of older schemas.
#include "storage/schema.h"

#include <gtest/gtest.h>

#include "storage/results.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

TEST(SchemaTest, TrialsOfSchemaOneGetTheirBits) {
  const TempFolder folder;
  Database database(folder / "results.db", OpenMode::kWrite);
  Migrate(database);
  // Back to schema 1, as far as this migration is concerned.
  database.Exec(
      "DROP VIEW v_trial; ALTER TABLE trial DROP COLUMN bits;"
      "ALTER TABLE sweep DROP COLUMN digest; CREATE INDEX stage_state ON stage (state);"
      "CREATE INDEX trial_state ON trial (state); DROP INDEX stage_failed; DROP INDEX "
      "stage_cancelled;"
      "CREATE VIEW v_trial AS SELECT name AS trial FROM trial; PRAGMA user_version = 1;"
      "INSERT INTO configuration (digest, config) VALUES ('c', '{}');"
      "INSERT INTO trial (name, configuration_id, dataset, model, method, synthesizer, quantizer,"
      " w_bits, a_bits, seed, protocol, variant, seeds, created)"
      " VALUES ('t', 1, 'd', 'm', 'zeroq', 'zeroq', 'minmax', 4, 8, 0, 'zeroq', 'code', '{}', 0)");
  EXPECT_THROW(CheckSchema(database), Error);
  Migrate(database);
  CheckSchema(database);
  EXPECT_EQ(database.Scalar("SELECT bits FROM v_trial WHERE trial = 't'"), "w4a8");
  EXPECT_EQ(database.Scalar("PRAGMA user_version"), std::to_string(SchemaVersion()));
}

}  // namespace
}  // namespace zerosweep
