#include "cluster/coordinator/scheduler.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr int kMaxInterruptions = 10;
constexpr double kLongestBackOff = 300;  // seconds
// Safety factor on predictions where a deadline depends on them.
constexpr double kMargin = 1.2;
// Number of ready stages that one call examines after the first that finds no room.
constexpr int kLooks = 64;

bool HasEnded(Scheduler::Phase phase) {
  return phase == Scheduler::Phase::kDone || phase == Scheduler::Phase::kFailed ||
         phase == Scheduler::Phase::kCancelled;
}

Scheduler::Phase PhaseOf(State state) {
  if (state == State::kDone) return Scheduler::Phase::kDone;
  if (state == State::kFailed) return Scheduler::Phase::kFailed;
  return state == State::kCancelled ? Scheduler::Phase::kCancelled : Scheduler::Phase::kWaiting;
}

}  // namespace

int AllowedAttempts(const StageFailed& failed, int max_attempts) {
  if (failed.kind == ErrorKind::kUsage || failed.failure == Failure::kConfiguration ||
      failed.failure == Failure::kData)
    return 1;
  if (failed.failure == Failure::kError || failed.failure == Failure::kNonFinite)
    return std::min(2, max_attempts);
  return max_attempts;
}

double BackOff(Failure failure, int tries) {
  if (failure == Failure::kLostWorker || failure == Failure::kNonFinite) return 0;
  const double first = failure == Failure::kOutOfMemory ? 10 : failure == Failure::kPublish ? 5 : 1;
  return std::min(kLongestBackOff, first * std::pow(4, tries - 1));
}

Scheduler::Scheduler(const std::vector<StageRow>& stages, const std::vector<StageStatus>& statuses,
                     const std::vector<double>& seconds, SchedulerOptions options)
    : nodes_(stages.size()), options_(options) {
  for (size_t i = 0; i < stages.size(); ++i) {
    nodes_[i].phase = PhaseOf(statuses[i].state);
    nodes_[i].needs = stages[i].design->needs;
    nodes_[i].artifact = statuses[i].artifact;
    nodes_[i].error = statuses[i].error;
    nodes_[i].attempts = statuses[i].attempts;
    nodes_[i].cost = seconds[i];
    if (!HasEnded(nodes_[i].phase)) ++open_;
  }
  for (size_t i = 0; i < stages.size(); ++i) {
    for (const size_t input : stages[i].inputs) {
      nodes_[input].users.push_back(i);
      nodes_[i].inputs.push_back(input);
      if (nodes_[input].phase != Phase::kDone) ++nodes_[i].inputs_missing;
    }
  }
  for (size_t i = nodes_.size(); i-- > 0;) {
    double behind = 0;
    for (const size_t user : nodes_[i].users) behind = std::max(behind, nodes_[user].priority);
    nodes_[i].priority = behind + (HasEnded(nodes_[i].phase) ? 0 : nodes_[i].cost);
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Phase phase = nodes_[i].phase;
    if (phase == Phase::kFailed || phase == Phase::kCancelled)
      EndUsers(i, phase, nodes_[i].error);
    else if (phase == Phase::kWaiting && nodes_[i].inputs_missing == 0)
      MakeReady(i);
  }
  nothing_to_do_ = open_ == 0;
}

void Scheduler::MakeReady(size_t stage) {
  nodes_[stage].phase = Phase::kReady;
  ready_.emplace(-nodes_[stage].priority, stage);
}

void Scheduler::WakeDelayed(double now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const size_t stage = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    MakeReady(stage);
  }
}

bool Scheduler::MustWaitForNextRun(size_t stage, double now) const {
  if (!options_.guessed.empty() && options_.guessed[stage]) return false;
  const double seconds = kMargin * nodes_[stage].cost;
  return now + seconds > options_.deadline && seconds <= options_.allocation;
}

std::vector<int> Scheduler::NodesOfInputs(size_t stage) const {
  std::vector<int> nodes;
  for (const size_t input : nodes_[stage].inputs)
    if (nodes_[input].node >= 0) nodes.push_back(nodes_[input].node);
  return nodes;
}

void Scheduler::BeginRunning(size_t stage, int node) {
  nodes_[stage].phase = Phase::kRunning;
  nodes_[stage].node = node;
  ++nodes_[stage].attempts;
  ++nodes_[stage].tries;
  ++running_;
}

std::optional<Scheduler::Start> Scheduler::TakeNext(double now, Placement& placement) {
  WakeDelayed(now);
  if (const auto reserved = placement.reserved(); reserved && phase(*reserved) != Phase::kReady)
    placement.Unreserve();  // it was cancelled
  int looks = 0;
  for (auto entry = ready_.begin();
       entry != ready_.end() && looks <= kLooks && !placement.Full();) {
    const size_t stage = entry->second;
    if (MustWaitForNextRun(stage, now)) {
      entry = ready_.erase(entry);
      held_back_.insert(stage);
      continue;
    }
    const ResourceRequest& needs = nodes_[stage].needs;
    std::vector<SlotAllocation> seats =
        placement.Take(stage, needs, nodes_[stage].cost, NodesOfInputs(stage), now);
    if (!seats.empty()) {
      ready_.erase(entry);
      BeginRunning(stage, seats.front().node);
      return Start{stage, std::move(seats)};
    }
    const bool may_starve = needs.ranks > 1 || needs.cpus > 0 || needs.memory > 0;
    if (may_starve && placement.Fits(needs)) placement.Reserve(stage, needs, now);
    ++entry;
    ++looks;
  }
  return std::nullopt;
}

bool Scheduler::OnlyHeldBack() const {
  return running_ == 0 && ready_.empty() && delayed_.empty() && !held_back_.empty();
}

std::optional<size_t> Scheduler::FindUnplaceable(const Placement& placement) const {
  for (const auto& [priority, stage] : ready_)
    if (!placement.Fits(nodes_[stage].needs)) return stage;
  return std::nullopt;
}

double Scheduler::NextWake() const {
  return delayed_.empty() ? std::numeric_limits<double>::infinity() : delayed_.begin()->first;
}

void Scheduler::BeginCommit(size_t stage) { nodes_[stage].phase = Phase::kCommitting; }

void Scheduler::Committed(size_t stage, const std::string& artifact) {
  if (HasEnded(nodes_[stage].phase)) return;
  nodes_[stage].artifact = artifact;
  End(stage, Phase::kDone);
  for (const size_t user : nodes_[stage].users) {
    if (--nodes_[user].inputs_missing == 0 && nodes_[user].phase == Phase::kWaiting)
      MakeReady(user);
  }
}

bool Scheduler::Failed(size_t stage, const StageFailed& failed, double now) {
  Node& node = nodes_[stage];
  if (HasEnded(node.phase)) return true;
  if (node.cancel) {
    End(stage, Phase::kCancelled);
    return true;
  }
  if (failed.failure == Failure::kInterrupted && ++node.interruptions <= kMaxInterruptions) {
    PutBack(stage);
    return false;
  }
  if (node.tries < AllowedAttempts(failed, options_.max_attempts)) {
    --running_;
    node.phase = Phase::kReady;
    node.ready_at = now + options_.back_off * BackOff(failed.failure, node.tries);
    delayed_.emplace(node.ready_at, stage);
    return false;
  }
  Refuse(stage, failed.message);
  return true;
}

void Scheduler::Refuse(size_t stage, const std::string& error) {
  nodes_[stage].error = error;
  End(stage, Phase::kFailed);
  EndUsers(stage, Phase::kFailed, error);
}

void Scheduler::PutBack(size_t stage) {
  if (HasEnded(nodes_[stage].phase)) return;
  --nodes_[stage].tries;
  --running_;
  MakeReady(stage);
}

void Scheduler::Cancel(size_t stage) {
  if (HasEnded(nodes_[stage].phase)) return;
  if (nodes_[stage].phase == Phase::kCommitting) {
    nodes_[stage].cancel = true;
  } else {
    End(stage, Phase::kCancelled);
  }
  EndUsers(stage, Phase::kCancelled, "cancelled");
}

void Scheduler::Reopen(size_t stage) {
  Node& node = nodes_[stage];
  if (node.phase != Phase::kFailed && node.phase != Phase::kCancelled) return;
  node.tries = 0;
  node.error.clear();
  node.cancel = false;
  node.phase = Phase::kWaiting;
  ++open_;
  if (node.inputs_missing == 0) MakeReady(stage);
}

void Scheduler::End(size_t stage, Phase phase) {
  Node& node = nodes_[stage];
  if (node.phase == Phase::kRunning || node.phase == Phase::kCommitting) --running_;
  ready_.erase({-node.priority, stage});
  delayed_.erase({node.ready_at, stage});
  held_back_.erase(stage);
  node.phase = phase;
  --open_;
}

void Scheduler::EndUsers(size_t stage, Phase phase, const std::string& reason) {
  for (const size_t user : nodes_[stage].users) {
    if (HasEnded(nodes_[user].phase)) continue;
    nodes_[user].error = reason;
    End(user, phase);
    EndUsers(user, phase, reason);
  }
}

bool Scheduler::IsOpen(size_t stage) const { return !HasEnded(nodes_[stage].phase); }

}  // namespace zerosweep
