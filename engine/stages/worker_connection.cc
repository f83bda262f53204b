#include "engine/stages/worker_connection.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/wait.h"
#include "contract/frames.h"

namespace zerosweep {
namespace {

constexpr std::chrono::duration<double> kSignOfLife(1);

}  // namespace

struct WorkerConnection::State {
  std::mutex mutex;  // guards the members below, except `writing`
  std::condition_variable changed;
  std::deque<StageRun> runs;
  std::map<int64_t, std::optional<StoreAnswer>> asked;  // by request
  int64_t last_request = 0;
  bool working = false;
  bool ended = false;
  std::exception_ptr error;

  std::mutex writing;
};

WorkerConnection::WorkerConnection(int read_fd, int write_fd)
    : write_fd_(write_fd), state_(std::make_shared<State>()) {
  std::thread([read_fd, state = state_] { Listen(read_fd, *state); }).detach();
}

void WorkerConnection::Listen(int read_fd, State& state) {
  FrameBuffer buffer;
  try {
    while (const auto frame = ReadFrame(read_fd, buffer)) {
      const std::lock_guard lock(state.mutex);
      if (frame->value("type", "") == "store_answer") {
        const StoreAnswer answer = *frame;
        const auto waiting = state.asked.find(answer.id);
        if (waiting != state.asked.end()) waiting->second = answer;
      } else {
        state.runs.push_back(StageRunFromJson(*frame));
      }
      state.changed.notify_all();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "zerosweep-stage: %s\n", error.what());
    state.error = std::current_exception();
  }
  const std::lock_guard lock(state.mutex);
  if (state.working) _exit(state.error ? kExitInfrastructure : kExitInterrupted);
  state.ended = true;
  state.changed.notify_all();
}

bool WorkerConnection::Send(const StageMessage& message) {
  const std::lock_guard lock(state_->writing);
  return WriteFrame(write_fd_, ToJson(message));
}

std::optional<StageRun> WorkerConnection::NextRun() {
  std::unique_lock lock(state_->mutex);
  state_->working = false;
  WaitUntil(state_->changed, lock, [&] { return state_->ended || !state_->runs.empty(); });
  if (state_->error) std::rethrow_exception(state_->error);
  if (state_->runs.empty()) return std::nullopt;
  StageRun run = std::move(state_->runs.front());
  state_->runs.pop_front();
  state_->working = true;
  return run;
}

StoreAnswer WorkerConnection::Ask(StoreRequest request, double patience) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(patience));
  std::unique_lock lock(state_->mutex);
  request.id = ++state_->last_request;
  auto& answer = state_->asked[request.id];
  for (bool first = true; !answer && Clock::now() < deadline; first = false) {
    lock.unlock();
    // Only a wait may be sent again.
    if (first || request.operation == StoreOperation::kWait) Send(request);
    lock.lock();
    const auto next = Clock::now() + std::chrono::duration_cast<Clock::duration>(kSignOfLife);
    state_->changed.wait_until(lock, std::min(deadline, next), [&] { return answer.has_value(); });
  }
  const std::optional<StoreAnswer> result = std::move(answer);
  state_->asked.erase(request.id);
  if (result) return *result;
  FailTrial(Failure::kLostWorker, "no answer of the group's store within {:.0f} s", patience);
}

}  // namespace zerosweep
