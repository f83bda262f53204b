// Opening a home's database so that nothing is written, wherever it lies.
#pragma once

#include <memory>
#include <optional>

#include "storage/results/results.h"
#include "storage/results/sqlite.h"

namespace zerosweep {

struct ReadableDatabase {
  std::unique_ptr<Database> database;
  std::optional<double> snapshot_age;  // seconds, where the snapshot is read instead
};

// mode=ro; on read-only media immutable=1; on a network file system with a live writer the
// snapshot. A journal that a dead writer left is rolled back under the home lock first. Throws
// kStorage when there is no database, or one of another schema.
ReadableDatabase OpenForReading(const Home& home, const ResultsOptions& options = {});

}  // namespace zerosweep
