// The schema of results.db and its migrations (docs/schema.md).
#pragma once

#include "storage/results/sqlite.h"

namespace zerosweep {

// What this program reads and writes: PRAGMA user_version of an up-to-date database.
int SchemaVersion();

// Brings a database of any older version up to date, in one transaction. Throws kStorage for a
// newer one.
void Migrate(Database& database);

// A file of which a quarter or more holds nothing, as after a migration, is written anew without
// that (VACUUM). Where there is no room for it, a warning says so.
void GiveBackSpace(Database& database);

// Throws kStorage unless the database is of this program's schema.
void CheckSchema(Database& database);

}  // namespace zerosweep
