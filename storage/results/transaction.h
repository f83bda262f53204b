// Transactions of the writer: fenced by the epoch, nested as savepoints.
#pragma once

#include "storage/results/sqlite.h"

namespace zerosweep {

// BEGIN IMMEDIATE and a check of the epoch, or a savepoint inside an open transaction. Rolls back
// unless committed, so a method of a batch takes effect completely or not at all.
class Transaction {
 public:
  // Throws kCluster when the database's epoch is no longer `epoch`.
  Transaction(Database& database, int64_t epoch);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit();

 private:
  Database& database_;
  bool nested_;
  bool ended_ = false;
};

}  // namespace zerosweep
