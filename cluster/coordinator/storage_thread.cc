#include "cluster/coordinator/storage_thread.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/wait.h"
#include "cluster/coordinator/artifact_rows.h"
#include "storage/artifacts/checkpoints.h"
#include "storage/home/file_system.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxQueue = 4096;
constexpr size_t kMaxBatch = 2000;
constexpr auto kIdleTurn = std::chrono::milliseconds(500);
constexpr double kRequestPeriod = 2;    // seconds
constexpr double kSnapshotPeriod = 60;  // seconds

// Leaves signals to the main thread.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

StorageThread::StorageThread(const Home& home, HomeLock& lock,
                             std::unique_ptr<ResultsWriter> writer, Publisher publish)
    : home_(home),
      lock_(lock),
      writer_(std::move(writer)),
      store_(home),
      publish_(std::move(publish)),
      // On a local disk the commit itself gathers work; on a network file system, at most one
      // transaction a second.
      gather_seconds_(IsNetworkFileSystem(home.folder) ? 1.0 : 0.0) {
  if (!publish_)
    publish_ = [this](const AttemptDone& done) {
      return store_.Publish(done.attempt, done.stage, done.artifact);
    };
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { Loop(); });
}

StorageThread::~StorageThread() {
  try {
    Close();
  } catch (const std::exception& error) {
    spdlog::debug("storage thread: {}", error.what());
  }
}

void StorageThread::Post(Task task) {
  std::unique_lock lock(mutex_);
  WaitUntil(changed_, lock, [&] { return queue_.size() < kMaxQueue || error_; });
  queue_.push_back(std::move(task));
  changed_.notify_all();
}

void StorageThread::Start(const AttemptRow& attempt) {
  Post([attempt](ResultsWriter& writer) { writer.StartAttempt(attempt); });
}

void StorageThread::Finish(const AttemptDone& done) {
  Post([this, done](ResultsWriter& writer) { PublishAndCommit(writer, done); });
}

void StorageThread::Fail(const AttemptFailed& failed, bool remove_staging) {
  Post([this, failed, remove_staging](ResultsWriter& writer) {
    writer.FailAttempt(failed);
    std::error_code ignored;
    if (remove_staging) fs::remove_all(home_.staging(failed.attempt), ignored);
  });
}

void StorageThread::Execute(const Request& request, const std::vector<std::string>& stages) {
  Post([this, request, stages](ResultsWriter& writer) {
    replies_.emplace_back(request.id, ExecuteRequest(home_, writer, request.body));
    StagesReopened reopened;
    const std::vector<StageStatus> statuses = writer.Statuses(stages);
    for (size_t i = 0; i < stages.size(); ++i)
      if (statuses[i].state == State::kOpen) reopened.stages.push_back(stages[i]);
    if (!reopened.stages.empty()) pending_.push_back(std::move(reopened));
  });
}

std::vector<StorageEvent> StorageThread::Poll() {
  const std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
  return std::exchange(events_, {});
}

bool StorageThread::Idle() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty() && in_batch_ == 0 && events_.empty();
}

void StorageThread::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  writer_.reset();
  if (error_) std::rethrow_exception(error_);
}

void StorageThread::Loop() {
  try {
    for (;;) {
      auto batch = TakeBatch();
      if (!batch) break;
      if (!batch->empty()) RunBatch(std::move(*batch));
      lock_.Heartbeat();
      LookForRequests();
      PublishSnapshot();
      WriteNews();
    }
    writer_->PublishSnapshot();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
    changed_.notify_all();
  }
}

std::optional<StorageThread::Batch> StorageThread::TakeBatch() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kIdleTurn, [&] { return !queue_.empty() || closing_; });
  if (gather_seconds_ > 0 && !queue_.empty()) {
    changed_.wait_for(lock, std::chrono::duration<double>(gather_seconds_),
                      [&] { return queue_.size() >= kMaxBatch || closing_; });
  }
  if (queue_.empty() && closing_) return std::nullopt;
  Batch batch;
  while (!queue_.empty() && batch.size() < kMaxBatch) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  in_batch_ = batch.size();
  changed_.notify_all();
  return batch;
}

void StorageThread::RunBatch(Batch batch) {
  writer_->Begin();
  for (const auto& task : batch) task(*writer_);
  store_.Sync();
  writer_->Commit();
  // Reply only to what is durable.
  for (const auto& [id, reply] : replies_) WriteReply(home_, id, reply);
  replies_.clear();
  std::error_code code;
  const bool checkpoints = fs::exists(home_.checkpoints(), code);
  for (const StorageEvent& event : pending_)
    if (const auto* committed = std::get_if<StageCommitted>(&event); committed && checkpoints)
      RemoveCheckpoints(home_, committed->stage);
  const std::lock_guard lock(mutex_);
  events_.insert(events_.end(), pending_.begin(), pending_.end());
  pending_.clear();
  in_batch_ = 0;
}

void StorageThread::PublishAndCommit(ResultsWriter& writer, AttemptDone done) {
  Published published;
  try {
    published = publish_(done);
  } catch (const Error& error) {
    if (error.failure() != Failure::kPublish) throw;  // a disk error ends the run
    pending_.emplace_back(PublishFailed{done.attempt, error.what()});
    return;
  }
  done.bytes = published.bytes;
  const bool first = writer.FinishAttempt(done);
  if (first) AddExtras(store_, published, writer);
  const std::string artifact = first ? done.artifact : writer.Status(done.stage).artifact;
  pending_.push_back(StageCommitted{done.attempt, done.stage, artifact});
}

void StorageThread::PublishSnapshot() {
  const double now = SystemClock().Monotonic();
  if (now - last_snapshot_ < kSnapshotPeriod) return;
  last_snapshot_ = now;
  writer_->PublishSnapshot();
}

void StorageThread::Tell(fs::path file, std::string text) {
  const std::lock_guard lock(mutex_);
  news_.emplace(std::move(file), std::move(text));
}

void StorageThread::WriteNews() {
  std::optional<std::pair<fs::path, std::string>> news;
  {
    const std::lock_guard lock(mutex_);
    news.swap(news_);
  }
  if (!news) return;
  try {
    WriteFileAtomically(news->first, news->second);
  } catch (const Error& error) {
    spdlog::debug("{}", error.what());
  }
}

void StorageThread::LookForRequests() {
  const double now = SystemClock().Monotonic();
  if (now - last_look_ < kRequestPeriod) return;
  last_look_ = now;
  for (Request& request : PollRequests(home_)) {
    if (!seen_.insert(request.id).second) continue;  // already being executed
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(request));
  }
}

}  // namespace zerosweep
