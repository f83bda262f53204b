// The thread that does all SQL and file work while a sweep runs, so that the coordinator's main
// thread never waits for a disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "storage/artifacts/artifact_store.h"
#include "storage/results/results.h"
#include "storage/upkeep/requests.h"

namespace zerosweep {

// The stage is published and committed; its users may start.
struct StageCommitted {
  std::string attempt;
  std::string stage;
  std::string artifact;
};

// The staged files are not what the stage reported; nothing was committed.
struct PublishFailed {
  std::string attempt;
  std::string message;
};

// A request reopened failed or cancelled stages.
struct StagesReopened {
  std::vector<std::string> stages;
};

using StorageEvent = std::variant<StageCommitted, PublishFailed, Request, StagesReopened>;

// Publishes the artifact that an attempt has staged.
using Publisher = std::function<Published(const AttemptDone&)>;

// Takes work from the main thread through a bounded queue, runs all queued work in one transaction,
// and reports what became durable. Also keeps the home lock's heartbeat going and looks for
// requests every 2 s. Only the main thread may call the public methods.
class StorageThread {
 public:
  // `publish` replaces the home's artifact store where attempts stage nothing (benches). REQUIRES:
  // `lock` outlives this object; from now on only this object uses `writer`.
  StorageThread(const Home& home, HomeLock& lock, std::unique_ptr<ResultsWriter> writer,
                Publisher publish = {});
  // Runs what is queued, then ends the thread. Errors are lost; call Close to see them.
  ~StorageThread();

  void Start(const AttemptRow& attempt);
  // Publishes the staged artifact, then commits. StageCommitted or PublishFailed reports the
  // result.
  void Finish(const AttemptDone& done);
  // `remove_staging` also removes what the attempt staged: its process must be known to be dead.
  void Fail(const AttemptFailed& failed, bool remove_staging);
  // Executes a request and replies. `stages` holds the run's ended stages that the request may
  // reopen; StagesReopened then names those it did.
  void Execute(const Request& request, const std::vector<std::string>& stages);
  // Replaces a file for those who watch the run. Of several calls in a row only the last counts. A
  // failure does no harm.
  void Tell(std::filesystem::path file, std::string text);
  // Any other work, inside the batch's transaction.
  using Task = std::function<void(ResultsWriter&)>;
  void Post(Task task);

  // Returns what has become durable since the last call. Rethrows the error that ended the thread
  // (kStorage; kCluster when fenced).
  std::vector<StorageEvent> Poll();
  bool Idle() const;
  // Commits everything and ends the thread. Throws as Poll does; events may remain for one last
  // Poll.
  void Close();

 private:
  using Batch = std::deque<Task>;
  void Loop();
  // Empty after half a second without work; nullopt when no more will come.
  std::optional<Batch> TakeBatch();
  void RunBatch(Batch batch);
  void PublishAndCommit(ResultsWriter& writer, AttemptDone done);
  void LookForRequests();
  void PublishSnapshot();
  void WriteNews();

  Home home_;
  HomeLock& lock_;
  std::unique_ptr<ResultsWriter> writer_;
  ArtifactStore store_;
  Publisher publish_;
  double gather_seconds_;  // how long a transaction waits for more work

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Batch queue_;
  std::vector<StorageEvent> events_;   // durable
  std::vector<StorageEvent> pending_;  // in the open transaction; used by the thread only
  std::vector<std::pair<std::string, Json>> replies_;  // to the batch's requests
  std::exception_ptr error_;
  std::optional<std::pair<std::filesystem::path, std::string>> news_;
  size_t in_batch_ = 0;
  bool closing_ = false;
  double last_look_ = 0;
  double last_snapshot_ = 0;
  std::set<std::string> seen_;  // requests
  std::thread thread_;
};

}  // namespace zerosweep
