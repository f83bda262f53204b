// Decides which stage runs next. Pure logic: no clock, no processes, no database. `now` is in
// seconds of any one clock of the caller's.
#pragma once

#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/coordinator/placement.h"
#include "contract/stage_messages.h"
#include "storage/results/results.h"
#include "storage/results/rows.h"

namespace zerosweep {

struct SchedulerOptions {
  int max_attempts = 3;  // tries in this run of a stage whose process crashes or is lost
  double back_off = 1;   // factor on BackOff, the wait before another try
  // When the allocation ends, and its total length.
  double deadline = std::numeric_limits<double>::infinity();
  double allocation = std::numeric_limits<double>::infinity();
  // By stage: whether its cost is a guess, good enough to order stages but not to hold one back.
  // Empty: no cost is a guess.
  std::vector<bool> guessed = {};
};

// The number of tries that a failure of this class allows. A crash, a lost worker or a timeout may
// be temporary and gets `max_attempts`; an error that the stage itself reported is repeated once; a
// wrong configuration or missing data, never.
int AllowedAttempts(const StageFailed& failed, int max_attempts);

// Seconds before the next try, after `tries` tries: the missing resource (memory, a device, disk
// space) may be available again by then. A lost worker says nothing about the stage.
double BackOff(Failure failure, int tries);

// The stages of a plan, by their index in it. The costliest comes first: its priority is its own
// cost plus the longest chain of costs behind it.
//
//   waiting → ready → running → committing → done
//                  ↖ (retry) ↙ ↘ failed, with everything that needs it
//
// A ready stage that is predicted not to end before the deadline is held back for the next run. The
// exception is a stage too long for any allocation of this length: it starts, saves at the end and
// continues in the next allocation.
class Scheduler {
 public:
  enum class Phase { kWaiting, kReady, kRunning, kCommitting, kDone, kFailed, kCancelled };

  // `stages` holds inputs before users. In the same order, `statuses` holds what the database knows
  // and `seconds` the predicted costs.
  Scheduler(const std::vector<StageRow>& stages, const std::vector<StageStatus>& statuses,
            const std::vector<double>& seconds, SchedulerOptions options = {});

  struct Start {
    size_t stage = 0;
    std::vector<SlotAllocation> seats;
  };
  // Takes the ready stage that should start now; from here on it is running. The nodes of its
  // inputs are preferred. A stage of several seats that finds no room gets a reservation.
  std::optional<Start> TakeNext(double now, Placement& placement);
  // The running stage reported success and waits for its commit.
  void BeginCommit(size_t stage);
  // Its artifact is committed; users whose inputs are all done become ready.
  void Committed(size_t stage, const std::string& artifact);
  // An attempt failed. Returns true when no other will follow: the stage and everything that needs
  // it have failed. Otherwise the stage is ready again after its back-off. An "interrupted" attempt
  // does not count as a try, unless the stage is interrupted again and again.
  bool Failed(size_t stage, const StageFailed& failed, double now);
  // Puts a running stage back without counting a try (the run is being interrupted).
  void PutBack(size_t stage);
  // Fails a ready stage that cannot be tried, with everything that needs it.
  void Refuse(size_t stage, const std::string& error);
  // Cancels this stage, unless it has ended, and everything that needs it. A stage that is being
  // committed still becomes done; if its commit fails, it is cancelled.
  void Cancel(size_t stage);
  // Allows a failed or cancelled stage to be tried again. Reopen its inputs first.
  void Reopen(size_t stage);

  bool Finished() const { return open_ == 0; }
  // Nothing runs, and nothing will start before the deadline.
  bool OnlyHeldBack() const;
  // A ready stage that no node could take even if it were empty.
  std::optional<size_t> FindUnplaceable(const Placement& placement) const;
  // When the next back-off ends; infinity when none is under way.
  double NextWake() const;
  // Whether nothing was open at the start.
  bool NothingToDo() const { return nothing_to_do_; }
  size_t size() const { return nodes_.size(); }
  Phase phase(size_t stage) const { return nodes_[stage].phase; }
  const std::string& artifact(size_t stage) const { return nodes_[stage].artifact; }
  const std::string& error(size_t stage) const { return nodes_[stage].error; }
  const ResourceRequest& needs(size_t stage) const { return nodes_[stage].needs; }
  double cost(size_t stage) const { return nodes_[stage].cost; }
  // Number of attempts at this stage over all runs, including the running one.
  int AttemptNumber(size_t stage) const { return nodes_[stage].attempts; }
  // Whether the stage has not ended yet.
  bool IsOpen(size_t stage) const;

 private:
  struct Node {
    Phase phase = Phase::kWaiting;
    ResourceRequest needs;
    std::vector<size_t> inputs, users;
    size_t inputs_missing = 0;  // not done
    double cost = 0;
    double priority = 0;
    int attempts = 0;       // in all runs
    int tries = 0;          // in this run
    int interruptions = 0;  // in this run
    int node = -1;          // where its artifact was made, in this run
    double ready_at = 0;    // end of its back-off
    std::string artifact;
    std::string error;
    bool cancel = false;  // requested while it was being committed
  };
  void MakeReady(size_t stage);
  void WakeDelayed(double now);
  bool MustWaitForNextRun(size_t stage, double now) const;
  std::vector<int> NodesOfInputs(size_t stage) const;
  void BeginRunning(size_t stage, int node);
  void End(size_t stage, Phase phase);
  void EndUsers(size_t stage, Phase phase, const std::string& reason);

  std::vector<Node> nodes_;
  std::set<std::pair<double, size_t>> ready_;    // by −priority, then plan order
  std::set<std::pair<double, size_t>> delayed_;  // by ready_at
  std::set<size_t> held_back_;
  size_t running_ = 0;  // or committing
  SchedulerOptions options_;
  size_t open_ = 0;
  bool nothing_to_do_ = false;
};

}  // namespace zerosweep
