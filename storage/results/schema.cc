#include "storage/results/schema.h"

#include <spdlog/spdlog.h>

#include <iterator>

#include "base/error.h"
#include "storage/migrations.h"  // from storage/migrations/*.sql; released ones never change

namespace zerosweep {
namespace {

int VersionOf(Database& database) { return std::stoi(database.Scalar("PRAGMA user_version")); }

[[noreturn]] void FailNewer(int version) {
  Fail(ErrorKind::kStorage,
       "results.db was made by a newer zerosweep (schema {}, this one knows {}): upgrade zerosweep "
       "or choose another --home",
       version, SchemaVersion());
}

// Turns foreign keys off while a migration replaces tables by others of the same names: the keys
// then refer to the new tables. Use it outside a transaction.
class WithoutForeignKeys {
 public:
  explicit WithoutForeignKeys(Database& database)
      : database_(database), were_on_(database.Scalar("PRAGMA foreign_keys") == "1") {
    database_.Exec("PRAGMA foreign_keys = OFF");
  }
  ~WithoutForeignKeys() {
    if (were_on_)
      sqlite3_exec(database_.get(), "PRAGMA foreign_keys = ON", nullptr, nullptr, nullptr);
  }
  WithoutForeignKeys(const WithoutForeignKeys&) = delete;
  WithoutForeignKeys& operator=(const WithoutForeignKeys&) = delete;

 private:
  Database& database_;
  bool were_on_;
};

}  // namespace

int SchemaVersion() { return static_cast<int>(std::size(kMigrations)); }

void Migrate(Database& database) {
  if (VersionOf(database) > SchemaVersion()) FailNewer(VersionOf(database));
  if (VersionOf(database) == SchemaVersion()) return;
  const WithoutForeignKeys off(database);
  database.Exec("BEGIN IMMEDIATE");
  try {
    for (int version = VersionOf(database); version < SchemaVersion(); ++version) {
      database.Exec(kMigrations[version]);  // from schema `version` to the next
      database.Exec(fmt::format("PRAGMA user_version = {}", version + 1));
    }
    database.Exec("COMMIT");
  } catch (...) {
    sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

void GiveBackSpace(Database& database) {
  const int64_t pages = std::stoll(database.Scalar("PRAGMA page_count"));
  const int64_t unused = std::stoll(database.Scalar("PRAGMA freelist_count"));
  if (4 * unused < pages) return;
  try {
    database.Exec("VACUUM");
  } catch (const Error& error) {
    spdlog::warn("{} keeps space that it does not need: {}", database.path().string(),
                 error.what());
  }
}

void CheckSchema(Database& database) {
  const int version = VersionOf(database);
  if (version > SchemaVersion()) FailNewer(version);
  if (version == 0) {
    Fail(ErrorKind::kStorage, "{} holds no results yet: run a sweep first",
         database.path().string());
  }
  if (version < SchemaVersion()) {
    Fail(ErrorKind::kStorage,
         "{} is of the older schema {} (this zerosweep knows {}): `zerosweep gc` brings it up to "
         "date",
         database.path().string(), version, SchemaVersion());
  }
}

}  // namespace zerosweep
