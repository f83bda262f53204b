// The results database: one writer (the coordinator, fenced by the home lock's epoch) and read-only
// readers. It uses SQLite with STRICT tables, foreign keys and migrations by user_version, a WAL on
// local disks and a TRUNCATE journal on network file systems.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/home/home.h"
#include "storage/home/home_lock.h"
#include "storage/results/rows.h"

namespace zerosweep {

class Database;

// What the coordinator needs to know about a stage that it may have to run.
struct StageStatus {
  State state = State::kOpen;
  std::string artifact;  // digest, when done
  int attempts = 0;      // since the last retry, without those that a dead coordinator left open
  std::string error;     // of the last failed attempt
};

// The cost of a finished attempt.
struct CostSample {
  std::string kind, implementation;
  Json params;  // of its design
  double seconds = 0;
  std::string model, dataset;  // of a trial that uses the stage
  std::string device = {};     // model of its processor or GPU; empty when unknown
  std::string arch = {};       // architecture of the network; empty when unknown
};

struct BundleCounts {
  std::string sweep;
  int trials = 0;         // in the bundle
  int trials_new = 0;     // trials that the home did not have
  int stages_taken = 0;   // results that the home did not have
  int artifacts_new = 0;  // artifacts that the home did not have
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BundleCounts, sweep, trials, trials_new, stages_taken,
                                   artifacts_new)

struct ResultsOptions {
  std::optional<bool> network;  // whether the home is on a network file system; absent: detected
};

// The writer. Every method is one transaction, or joins the batch opened by Begin(). Each starts by
// checking the epoch: a fenced writer throws kCluster ("fenced …", exit 4). One thread only. Throws
// kStorage for a database of a newer schema ("made by a newer zerosweep …"), a full disk or a
// damaged file.
class ResultsWriter {
 public:
  // REQUIRES: `lock` outlives the writer.
  ResultsWriter(const Home& home, HomeLock& lock, const ResultsOptions& options = {});
  ~ResultsWriter();

  // Batching: Begin (method)* Commit. Commit makes the batch durable.
  void Begin();
  void Commit();

  // Inserts what is new in a sweep. `source` is the YAML text, `resolved` the sweep after include
  // and --set; stages come after their inputs. Existing trials and stages keep their state. An
  // unchanged sweep costs one lookup. Returns the number of new trials.
  int AddSweep(const std::string& name, const std::string& source, const Json& resolved,
               const std::vector<TrialRow>& trials, const std::vector<StageRow>& stages);

  // The digests of all artifacts in the database.
  std::unordered_set<std::string> Artifacts() const;
  StageStatus Status(const std::string& stage) const;
  std::vector<StageStatus> Statuses(const std::vector<std::string>& stages) const;
  // The last 5000 finished attempts, newest first.
  std::vector<CostSample> Costs() const;

  void StartAttempt(const AttemptRow& attempt);
  // Marks the stage done, stores its metrics and artifact, and marks every trial done whose stages
  // are all done. REQUIRES: the artifact is published. Returns false and ignores the result if the
  // stage is already done (the first one wins) or failed.
  bool FinishAttempt(const AttemptDone& done);
  // Marks the attempt failed. When final, the stage, the stages that need it and their trials fail
  // with the same reason.
  void FailAttempt(const AttemptFailed& failed);
  // Ends attempts that a dead coordinator left open, as "lost_worker". Returns their number.
  int CloseOpenAttempts();
  // Stores per-image correctness of an evaluate stage: one bit per image, least significant first.
  void AddCorrectness(const std::string& stage, const std::string& bits, int64_t images);
  // Stores a curve of at most 512 points for the report, replacing an earlier one of the same term.
  void AddCurve(const std::string& stage, const std::string& term, const std::vector<double>& x,
                const std::vector<double>& y);
  // Reopens failed and cancelled stages: those given, those they need and those that need them,
  // with their trials. Also reopens those of `trials` that no failed or cancelled stage holds back
  // (a cancelled trial may share all its stages with others). Returns the number of stages
  // reopened.
  int Retry(const std::vector<std::string>& stages, const std::vector<std::string>& trials = {});
  // Cancels open trials, and the open stages that no other open trial needs. Returns the number of
  // trials cancelled.
  int Cancel(const std::vector<std::string>& trials);
  // The attempts that have not ended.
  std::vector<std::string> OpenAttempts() const;

  // Merges the rows of a bundle (storage/bundles/bundle.h). REQUIRES: its artifacts are published.
  BundleCounts Merge(Database& bundle);

  // Replaces the papers' numbers. Numbers that are there already cost one lookup.
  void SetPublished(const std::vector<PublishedRow>& rows);

  // On a network file system, publishes results.snapshot.db for the readers (VACUUM INTO + rename)
  // if anything was committed since the last snapshot. Call it every 60 s, at drain and at exit.
  // Returns whether it published one; always false on a local disk.
  bool PublishSnapshot();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The result of a query: column names, and rows in which numbers are JSON numbers.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Json>> rows;
  bool truncated = false;  // cut at the row limit
};

// A reader: `mode=ro`, an authorizer that allows only reading, a row limit and a timeout. One
// thread for each reader; any number of readers may run alongside the writer. Throws kStorage when
// there is no database.
class ResultsReader {
 public:
  explicit ResultsReader(const Home& home, const ResultsOptions& options = {});
  ~ResultsReader();
  ResultsReader(ResultsReader&&) noexcept;

  // The home that it reads, artifacts included.
  const Home& home() const { return home_; }
  // Seconds since the snapshot was published; nullopt when the database itself is read.
  std::optional<double> SnapshotAge() const { return snapshot_age_; }

  // Runs one SELECT over the documented views. Throws kUsage, with SQLite's message, for anything
  // other than that. A BLOB becomes a JSON binary value.
  Table Query(const std::string& sql, const std::vector<Json>& bindings = {},
              size_t row_limit = 1'000'000, double timeout_seconds = 60) const;
  // Like Query, for results too large to keep: without limit or timeout, passes one row after
  // another to `use`, in one buffer.
  void ForEach(const std::string& sql, const std::vector<Json>& bindings,
               const std::function<void(const std::vector<Json>&)>& use) const;
  std::vector<StageStatus> Statuses(const std::vector<std::string>& stages) const;
  // The last 5000 finished attempts, newest first.
  std::vector<CostSample> Costs() const;

 private:
  Home home_;
  std::unique_ptr<Database> db_;
  std::optional<double> snapshot_age_;
};

}  // namespace zerosweep
