// Opens a home's database, wherever it lies, without writing to it.
#pragma once

#include <memory>
#include <optional>

#include "storage/results/results.h"
#include "storage/results/sqlite.h"

namespace zerosweep {

struct ReadableDatabase {
  std::unique_ptr<Database> database;
  std::optional<double> snapshot_age;  // age in seconds, if the snapshot was opened
};

// Opens the database with mode=ro, or with immutable=1 on read-only media. On a network file system
// with a live writer it opens the snapshot. A journal that a dead writer left is first rolled back
// under the home lock. Throws kStorage when there is no database, or one of another schema.
ReadableDatabase OpenForReading(const Home& home, const ResultsOptions& options = {});

}  // namespace zerosweep
