#include "storage/results/open_reading.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "storage/home/file_system.h"
#include "storage/results/schema.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Opens and reads once, so that an unreadable database fails here.
std::unique_ptr<Database> OpenAndProbe(const fs::path& path, OpenMode mode) {
  auto database = std::make_unique<Database>(path, mode);
  database->Scalar("SELECT count(*) FROM sqlite_schema");
  return database;
}

// Rolls back a journal that a dead writer left behind.
void Recover(const Home& home) {
  const HomeLock lock(home, SystemClock());
  OpenAndProbe(home.database(), OpenMode::kWrite);
}

std::unique_ptr<Database> OpenDatabase(const Home& home) {
  std::error_code code;
  if (!fs::exists(home.database(), code)) {
    if (code) {
      Fail(ErrorKind::kStorage, "cannot look into {}: {}", home.folder.string(), code.message());
    }
    Fail(ErrorKind::kStorage,
         "there is no results.db in {}: run a sweep first, or name another "
         "--home",
         home.folder.string());
  }
  try {
    return OpenAndProbe(home.database(), OpenMode::kRead);
  } catch (const Error&) {
    if (!IsWritableFolder(home.folder)) {
      return OpenAndProbe(home.database(), OpenMode::kImmutable);
    }
    if (HomeLock::IsHeld(home)) throw;
  }
  Recover(home);
  return OpenAndProbe(home.database(), OpenMode::kRead);
}

}  // namespace

ReadableDatabase OpenForReading(const Home& home, const ResultsOptions& options) {
  const bool network = options.network.value_or(IsNetworkFileSystem(home.folder));
  ReadableDatabase opened;
  // While a writer is active on a network file system, only the snapshot may be opened.
  std::error_code code;
  if (network && fs::exists(home.snapshot(), code) && HomeLock::IsHeld(home)) {
    opened.database = OpenAndProbe(home.snapshot(), OpenMode::kImmutable);
    opened.snapshot_age = std::max(0.0, AgeOf(home.snapshot()).value_or(0));
  } else {
    opened.database = OpenDatabase(home);
  }
  CheckSchema(*opened.database);
  return opened;
}

}  // namespace zerosweep
