// Internals of ResultsWriter, shared by its sources.
#pragma once

#include "storage/results/results.h"
#include "storage/results/sqlite.h"
#include "storage/results/transaction.h"

namespace zerosweep {

struct ResultsWriter::Impl {
  Impl(const Home& home, HomeLock& lock, const ResultsOptions& options);

  Home home;
  bool network;
  Database db;
  int64_t epoch = 0;
  std::unique_ptr<Transaction> batch;
  int64_t published_changes = -1;  // total changes at the last snapshot

  // Runs `body` as a transaction, or as part of the open batch.
  template <typename Body>
  auto Do(Body body) {
    Transaction transaction(db, epoch);
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      transaction.Commit();
    } else {
      auto result = body();
      transaction.Commit();
      return result;
    }
  }

  // Derives the state of open stages and trials from the stages that they need.
  void Settle();
};

struct StageNow {
  int64_t id = 0;
  std::string state;
};

// Returns the row of a stage. Throws kInternal for a stage that no sweep has added.
StageNow LookUpStage(Database& db, const std::string& name);
inline int64_t FindStage(Database& db, const std::string& name) { return LookUpStage(db, name).id; }

// SQL: the stages that read the output of a stage in the table `hit (id)`. They are searched for in
// the trials of those stages, because a trial contains all inputs of its stages.
inline constexpr const char* kUsersOfHit = R"(SELECT i.stage_id FROM hit
    CROSS JOIN trial_stage x ON x.stage_id = hit.id CROSS JOIN trial_stage y USING (trial_id)
    CROSS JOIN stage_input i ON i.stage_id = y.stage_id AND i.input_id = hit.id)";

// Text in the form stored: one line, secrets redacted, at most 2000 bytes.
std::string OneLine(const std::string& text);
// Several lines in the form stored: each one redacted, at most the last `max_bytes`.
std::string CleanLines(const std::string& text, size_t max_bytes);

// Reads the status of stages through `db`.
std::vector<StageStatus> ReadStatuses(Database& db, const std::vector<std::string>& stages);

// The last 5000 finished attempts, newest first.
std::vector<CostSample> ReadCosts(Database& db);

}  // namespace zerosweep
