#include "cluster/scheduler.h"

#include <algorithm>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr int kMostInterruptions = 10;

bool HasEnded(Scheduler::Phase phase) {
  return phase == Scheduler::Phase::kDone || phase == Scheduler::Phase::kFailed ||
         phase == Scheduler::Phase::kCancelled;
}

Scheduler::Phase PhaseOf(State state) {
  switch (state) {
    case State::kDone:
      return Scheduler::Phase::kDone;
    case State::kFailed:
      return Scheduler::Phase::kFailed;
    case State::kCancelled:
      return Scheduler::Phase::kCancelled;
    case State::kOpen:
      break;
  }
  return Scheduler::Phase::kWaiting;
}

}  // namespace

int AllowedAttempts(const StageFailed& failed, int max_attempts) {
  if (failed.kind == ErrorKind::kUsage || failed.failure == "configuration" ||
      failed.failure == "data")
    return 1;
  if (failed.failure == "error" || failed.failure == "non_finite") return std::min(2, max_attempts);
  return max_attempts;
}

Scheduler::Scheduler(const std::vector<StageRow>& stages, const std::vector<StageStatus>& statuses,
                     const std::function<double(const StageRow&)>& seconds,
                     SchedulerOptions options)
    : nodes_(stages.size()), options_(options) {
  for (size_t i = 0; i < stages.size(); ++i) {
    index_[stages[i].spec.name] = i;
    nodes_[i].phase = PhaseOf(statuses[i].state);
    nodes_[i].artifact = statuses[i].artifact;
    nodes_[i].error = statuses[i].error;
    nodes_[i].attempts = statuses[i].attempts;
    nodes_[i].cost = seconds(stages[i]);
    if (!HasEnded(nodes_[i].phase)) ++open_;
  }
  for (size_t i = 0; i < stages.size(); ++i) {
    for (const auto& [role, name] : stages[i].spec.inputs) {
      const auto input = Find(name);
      if (!input)
        Fail(ErrorKind::kInternal, "stage {} needs {} as '{}', which is not in the plan",
             stages[i].spec.name, name, role);
      nodes_[*input].users.push_back(i);
      if (nodes_[*input].phase != Phase::kDone) ++nodes_[i].inputs_missing;
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

std::optional<size_t> Scheduler::Find(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

void Scheduler::MakeReady(size_t stage) {
  nodes_[stage].phase = Phase::kReady;
  ready_.emplace(-nodes_[stage].priority, stage);
}

std::optional<size_t> Scheduler::TakeNext() {
  if (ready_.empty()) return std::nullopt;
  const size_t stage = ready_.begin()->second;
  ready_.erase(ready_.begin());
  nodes_[stage].phase = Phase::kRunning;
  ++nodes_[stage].attempts;
  ++nodes_[stage].tries;
  return stage;
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

bool Scheduler::Failed(size_t stage, const StageFailed& failed) {
  if (HasEnded(nodes_[stage].phase)) return true;
  if (nodes_[stage].cancel) {
    End(stage, Phase::kCancelled);
    return true;
  }
  if (failed.failure == "interrupted" && ++nodes_[stage].interruptions <= kMostInterruptions) {
    PutBack(stage);
    return false;
  }
  if (nodes_[stage].tries < AllowedAttempts(failed, options_.max_attempts)) {
    MakeReady(stage);
    return false;
  }
  nodes_[stage].error = failed.message;
  End(stage, Phase::kFailed);
  EndUsers(stage, Phase::kFailed, failed.message);
  return true;
}

void Scheduler::PutBack(size_t stage) {
  if (HasEnded(nodes_[stage].phase)) return;
  --nodes_[stage].tries;
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
  ready_.erase({-nodes_[stage].priority, stage});
  nodes_[stage].phase = phase;
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
