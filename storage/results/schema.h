// The schema of results.db and its migrations (docs/schema.md).
#pragma once

#include "storage/results/sqlite.h"

namespace zerosweep {

// The schema that this program reads and writes: PRAGMA user_version of an up-to-date database.
int SchemaVersion();

// Upgrades a database of any older version in one transaction. Throws kStorage for a newer one.
void Migrate(Database& database);

// Rewrites the file (VACUUM) if a quarter or more of it is unused, as after a migration. Warns when
// there is no room for that.
void GiveBackSpace(Database& database);

// Throws kStorage unless the database has this program's schema.
void CheckSchema(Database& database);

}  // namespace zerosweep
