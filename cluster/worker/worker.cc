#include "cluster/worker/worker.h"

#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

namespace zerosweep {
Worker::Worker(WorkerOptions options, Transport& transport, const Clock& clock)
    : options_(std::move(options)),
      transport_(transport),
      clock_(clock),
      time_(clock),
      last_beat_(clock.Monotonic()) {
  const NodeDevices& devices = options_.devices;
  Send(JoinRequest{options_.node, UsableCores(), devices.gpus, UsableMemory(), devices.warning});
  if (!devices.error.empty()) Break(devices.error);
}

void Worker::Handle(const CoordinatorMessage& message) {
  last_heard_ = time_.Seconds();
  if (finished_) return;
  std::visit([&](const auto& content) { On(content); }, message);
}

void Worker::On(const Assign& assign) {
  auto& slot = slots_[assign.slot];
  try {
    if (!slot) {
      const std::string name = fmt::format("{}-{}-{}", options_.node, getpid(), assign.slot);
      slot = std::make_unique<Supervisor>(options_.stage, name, clock_);
    }
    if (slot->busy()) {
      Fail(ErrorKind::kInternal, "slot {} of {} was given attempt {} while it runs {}", assign.slot,
           options_.node, assign.run.attempt, slot->attempt());
    }
    slot->Start(assign.run, {assign.stall_limit, assign.time_limit});
  } catch (const Error& error) {
    Break(error.what());
  }
}

void Worker::On(const StoreReply& reply) {
  for (auto& [number, slot] : slots_) {
    const bool asked =
        slot->busy() && slot->attempt() == reply.answer.attempt && slot->rank() == reply.rank;
    if (asked) slot->Answer(reply.answer);
  }
}

void Worker::On(const Revoke& revoke) {
  for (auto& [number, slot] : slots_)
    if (slot->busy() && slot->attempt() == revoke.attempt) slot->Cancel();
  progress_.erase(revoke.attempt);
  Send(Revoked{revoke.attempt});
}

void Worker::On(const Drain&) {
  draining_ = true;
  for (auto& [number, slot] : slots_) slot->Drain();
}

void Worker::On(const Leave&) {
  slots_.clear();  // kills every stage process
  Send(Goodbye{});
  finished_ = true;
}

void Worker::Break(const std::string& message) {
  slots_.clear();
  Send(WorkerFailed{message});
}

bool Worker::Step() {
  if (finished_) return false;
  time_.Turn();
  const bool active = PollSlots();
  SendBeat();
  CheckCoordinator();
  return active;
}

bool Worker::PollSlots() {
  bool active = false;
  try {
    for (auto& [number, slot] : slots_) {
      for (StageEvent& event : slot->Poll()) {
        active = true;
        Report(slot->rank(), event);
      }
    }
  } catch (const Error& error) {
    Break(error.what());
    return true;
  }
  return active;
}

void Worker::Report(int rank, StageEvent& event) {
  if (auto* progress = std::get_if<StageProgress>(&event.message)) {
    if (rank == 0) progress_[progress->attempt] = std::move(*progress);
  } else if (auto* request = std::get_if<StoreRequest>(&event.message)) {
    Send(StoreCall{rank, std::move(*request)});
  } else if (auto* done = std::get_if<StageDone>(&event.message)) {
    if (rank == 0) progress_.erase(done->attempt);
    Send(AttemptEnded{std::move(*done), {}, rank});
  } else if (auto* failed = std::get_if<StageFailed>(&event.message)) {
    if (rank == 0) progress_.erase(failed->attempt);
    Send(AttemptEnded{std::move(*failed), std::move(event.log_tail), rank});
  }
}

void Worker::SendBeat() {
  const double now = clock_.Monotonic();
  if (now - last_beat_ < options_.beat_period) return;
  last_beat_ = now;
  Heartbeat beat;
  for (const auto& [attempt, progress] : progress_) beat.progress.push_back(progress);
  Send(beat);
}

void Worker::CheckCoordinator() {
  if (transport_.rank() == 0) return;
  const double limit = coordinator_lost_ ? options_.lost_limit : options_.silence_limit;
  const double silence = time_.Seconds() - last_heard_;
  if (silence <= limit) return;
  spdlog::error("{}: no message from the coordinator for {:.0f} s; leaving", options_.node,
                silence);
  slots_.clear();
  finished_ = abandoned_ = true;
}

}  // namespace zerosweep
