// The one thread that does SQL and file work while a sweep runs, so that the coordinator's main
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

// The stage is published and committed: its users may start.
struct StageCommitted {
  std::string attempt;
  std::string stage;
  std::string artifact;
};

// What was staged is not what the stage reported; nothing was committed.
struct PublishFailed {
  std::string attempt;
  std::string stage;
  std::string message;
};

// A request brought failed or cancelled stages back.
struct StagesReopened {
  std::vector<std::string> stages;
};

using StorageEvent = std::variant<StageCommitted, PublishFailed, Request, StagesReopened>;

// Makes an artifact that an attempt has staged a published one.
using Publisher = std::function<Published(const AttemptDone&)>;

// Takes work from the main thread through a bounded queue, runs all that has gathered in one
// transaction, and reports what became durable. Also keeps the home lock beating and looks for
// requests every 2 s. The public methods belong to one (the main) thread.
class StorageThread {
 public:
  // `publish`: instead of the home's artifact store, where attempts stage nothing (benches).
  // REQUIRES: `lock` outlives this object; `writer` is used by nobody else from now on.
  StorageThread(const Home& home, HomeLock& lock, std::unique_ptr<ResultsWriter> writer,
                Publisher publish = {});
  // Ends after what is queued; errors are lost (call Close to see them).
  ~StorageThread();

  void Start(const AttemptRow& attempt);
  // Publishes the staged artifact, then commits: answered by StageCommitted or PublishFailed.
  void Finish(const AttemptDone& done);
  // Also removes what the attempt staged, when `remove_staging` (its process is known to be dead).
  void Fail(const AttemptFailed& failed, bool remove_staging);
  // Executes a request and replies. `stages`: the run's ended stages that it may bring back, which
  // StagesReopened then names.
  void Execute(const Request& request, const std::vector<std::string>& stages);
  // Replaces a file for those who watch the run; of several in a row the last counts. Failing at it
  // hurts nobody.
  void Tell(std::filesystem::path file, std::string text);
  // Any other work, inside the batch's transaction.
  using Task = std::function<void(ResultsWriter&)>;
  void Post(Task task);

  // What has become durable since. Rethrows what the thread died of (kStorage, kCluster when
  // fenced).
  std::vector<StorageEvent> Poll();
  bool Idle() const;
  // Commits everything and ends the thread. Throws as Poll does; events may remain for one last
  // Poll.
  void Close();

 private:
  using Batch = std::deque<Task>;
  void Loop();
  // Empty after half a second without work; nullopt when there will be no more.
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
  std::vector<StorageEvent> events_;                   // durable
  std::vector<StorageEvent> pending_;                  // of the open transaction; the thread's own
  std::vector<std::pair<std::string, Json>> replies_;  // to requests of the batch
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
