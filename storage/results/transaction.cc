#include "storage/results/transaction.h"

#include "base/error.h"

namespace zerosweep {

Transaction::Transaction(Database& database, int64_t epoch)
    : database_(database), nested_(sqlite3_get_autocommit(database.get()) == 0) {
  if (nested_) {
    database.Prepare("SAVEPOINT method").Run();
    return;
  }
  database.Prepare("BEGIN IMMEDIATE").Run();
  const std::string now = database.Scalar("SELECT value FROM meta WHERE key = 'epoch'");
  if (now == std::to_string(epoch)) return;
  sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  Fail(ErrorKind::kCluster,
       "fenced: another process took {} over (epoch {}, ours {}): this one stops, nothing more is "
       "written",
       database.path().string(), now, epoch);
}

Transaction::~Transaction() {
  if (ended_) return;
  // When the disk is full, SQLite has already rolled everything back.
  if (sqlite3_get_autocommit(database_.get()) != 0) return;
  sqlite3_exec(database_.get(), nested_ ? "ROLLBACK TO method; RELEASE method" : "ROLLBACK",
               nullptr, nullptr, nullptr);
}

void Transaction::Commit() {
  database_.Prepare(nested_ ? "RELEASE method" : "COMMIT").Run();
  ended_ = true;
}

}  // namespace zerosweep
