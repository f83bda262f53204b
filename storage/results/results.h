// The results database: one writer (the coordinator, fenced by the home lock's epoch), read-only
// readers. SQLite, STRICT tables, foreign keys, migrations by user_version. WAL on local disks,
// TRUNCATE journal on network ones.
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

// What the coordinator needs to know of a stage that it may have to run.
struct StageStatus {
  State state = State::kOpen;
  std::string artifact;  // digest when done
  int attempts = 0;   // made since the last retry; those that a dying coordinator cut do not count
  std::string error;  // of the last failed attempt
};

// What a finished attempt took.
struct CostSample {
  std::string kind, implementation;
  Json params;  // of its design
  double seconds = 0;
  std::string model, dataset;  // of a trial that needs it
  std::string device = {};     // model of its processor or GPU; empty: not known
  std::string arch = {};       // the network's architecture; empty: not known
};

struct BundleCounts {
  std::string sweep;
  int trials = 0;         // in the bundle
  int trials_new = 0;     // that the home did not have
  int stages_taken = 0;   // results that it did not have
  int artifacts_new = 0;  // and the folders that came with them
};

struct ResultsOptions {
  std::optional<bool> network;  // whether the home lies on a network file system; asked when absent
};

// The writer. Every method is one transaction, or joins the batch opened by Begin(); each starts
// with a check of the epoch: a fenced writer throws kCluster ("fenced …", exit 4). One thread.
// Throws kStorage for a database of a newer schema ("made by a newer zerosweep …"), a full disk, a
// damaged file.
class ResultsWriter {
 public:
  // REQUIRES: `lock` outlives the writer.
  ResultsWriter(const Home& home, HomeLock& lock, const ResultsOptions& options = {});
  ~ResultsWriter();

  // Batching: Begin (method)* Commit. Commit makes the batch durable.
  void Begin();
  void Commit();

  // Inserts what is new of a sweep. `source` is the YAML text, `resolved` the sweep after include
  // and --set; stages come after their inputs. A trial or stage that exists keeps its state; a
  // sweep that is in the database as it is costs one look. Returns how many trials were new.
  int AddSweep(const std::string& name, const std::string& source, const Json& resolved,
               const std::vector<TrialRow>& trials, const std::vector<StageRow>& stages);

  // Digests of the artifacts that it knows.
  std::unordered_set<std::string> Artifacts() const;
  StageStatus Status(const std::string& stage) const;
  std::vector<StageStatus> Statuses(const std::vector<std::string>& stages) const;
  // Finished attempts, newest first.
  std::vector<CostSample> Costs(size_t limit = 5000) const;

  void StartAttempt(const AttemptRow& attempt);
  // The stage is done, its metrics and artifact are rows, and every trial whose stages are all done
  // becomes done. REQUIRES: the artifact is published. A second done of the same stage is ignored
  // (first wins): returns false.
  bool FinishAttempt(const AttemptDone& done);
  // Attempt failed; when final, the stage, the stages that need it and their trials become failed
  // with this reason.
  void FailAttempt(const AttemptFailed& failed);
  // Attempts without an end (a coordinator died): ended as "lost_worker". Returns how many.
  int CloseOpenAttempts();
  // Per-image correctness of an evaluate stage: one bit an image, least significant first.
  void AddCorrectness(const std::string& stage, const std::string& bits, int64_t images);
  // A curve of at most 512 points for the report. Replaces an earlier one of the same term.
  void AddCurve(const std::string& stage, const std::string& term, const std::vector<double>& x,
                const std::vector<double>& y);
  // Failed and cancelled stages, those they need and those that need them become open again, with
  // their trials; so do `trials` that no failed or cancelled stage holds (a cancelled one may share
  // all its stages with others). Returns how many stages.
  int Retry(const std::vector<std::string>& stages, const std::vector<std::string>& trials = {});
  // Open trials become cancelled, and the open stages that no other open trial needs. Returns how
  // many trials.
  int Cancel(const std::vector<std::string>& trials);
  // Attempts without an end.
  std::vector<std::string> OpenAttempts() const;

  // The rows of a bundle (storage/bundles/bundle.h), whose artifacts are published.
  BundleCounts Merge(Database& bundle);

  // The papers' numbers become these; those that are there already cost one look.
  void SetPublished(const std::vector<PublishedRow>& rows);

  // On a network file system: publishes results.snapshot.db for the readers (VACUUM INTO + rename)
  // if anything was committed since the last one. Call it every 60 s, at drain and at exit. Returns
  // whether it did; on a local disk always false.
  bool PublishSnapshot();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A row of a query: column names with their values, numbers as numbers.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Json>> rows;
  bool truncated = false;  // the row limit cut it
};

// A reader: `mode=ro`, an authorizer that allows reading only, a row limit and a timeout. One
// thread. Any number at any time beside the writer. Throws kStorage when there is no database.
class ResultsReader {
 public:
  explicit ResultsReader(const Home& home, const ResultsOptions& options = {});
  ~ResultsReader();
  ResultsReader(ResultsReader&&) noexcept;

  // Where it reads, artifacts included.
  const Home& home() const;
  // Seconds since the snapshot was published, where one is read instead of the database itself.
  std::optional<double> SnapshotAge() const;

  // Runs one SELECT over the documented views. Throws kUsage for anything else, with SQLite's
  // message. A BLOB is a JSON binary value.
  Table Query(const std::string& sql, const std::vector<Json>& bindings = {},
              size_t row_limit = 1'000'000, double timeout_seconds = 60) const;
  // The same for results too large to be kept: `use` sees one row after another, in one buffer.
  void ForEach(const std::string& sql, const std::vector<Json>& bindings,
               const std::function<void(const std::vector<Json>&)>& use) const;
  std::vector<StageStatus> Statuses(const std::vector<std::string>& stages) const;
  // Finished attempts, newest first.
  std::vector<CostSample> Costs(size_t limit = 5000) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zerosweep
