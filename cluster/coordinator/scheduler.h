// Which stage runs next: pure logic, no clock, no processes, no database. `now` is in seconds of
// any one clock of the caller's.
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
  int max_attempts = 3;  // tries in this run at a stage whose process crashes or is lost
  double back_off = 1;   // times BackOff: waiting before another try
  // When the allocation ends, and for how long it lasts in all.
  double deadline = std::numeric_limits<double>::infinity();
  double allocation = std::numeric_limits<double>::infinity();
  // By stage: its cost is a guess, good enough for the order but not to hold it back. Empty: none.
  std::vector<bool> guessed = {};
};

// How many tries an end of this class allows: a crash, a lost worker or a timeout may pass and gets
// `max_attempts`; an error that the stage reported itself is repeated once; a wrong configuration
// or missing data, never.
int AllowedAttempts(const StageFailed& failed, int max_attempts);

// Seconds before the next try, after so many: what was short (memory, a device, the disk) may be
// there again by then. A lost worker says nothing about the stage.
double BackOff(Failure failure, int tries);

// The stages of a plan, by their index in it. Costliest first: the order is that of a stage's cost
// plus the longest chain of costs behind it.
//
//   waiting → ready → running → committing → done
//                  ↖ (retry) ↙ ↘ failed, with everything that needs it
//
// One that is predicted not to end before the deadline is held back, ready, for the next run; but
// not one that no allocation of this length could hold: it starts, saves at the end and goes on in
// the next.
class Scheduler {
 public:
  enum class Phase { kWaiting, kReady, kRunning, kCommitting, kDone, kFailed, kCancelled };

  // `stages`: inputs before users. `statuses`: what the database knows, and `seconds`: what each
  // will cost as predicted, in the same order.
  Scheduler(const std::vector<StageRow>& stages, const std::vector<StageStatus>& statuses,
            const std::vector<double>& seconds, SchedulerOptions options = {});

  struct Start {
    size_t stage = 0;
    std::vector<SlotAllocation> seats;
  };
  // The ready stage that should start now, and where; it is running from here on. Its inputs'
  // nodes are preferred. A stage of several seats that finds no room gets a reservation.
  std::optional<Start> TakeNext(double now, Placement& placement);
  // The running stage reported success and waits for its commit.
  void BeginCommit(size_t stage);
  // Its artifact is committed: users whose inputs are all done become ready.
  void Committed(size_t stage, const std::string& artifact);
  // An attempt failed. Returns true when no other will be made: the stage and everything that needs
  // it have failed. Otherwise it is ready again, after its back-off. An "interrupted" one counts as
  // no try, unless somebody keeps ending the stage from outside.
  bool Failed(size_t stage, const StageFailed& failed, double now);
  // A running stage goes back without counting as a try (the run is being interrupted).
  void PutBack(size_t stage);
  // A ready stage that cannot be tried has failed, with everything that needs it.
  void Refuse(size_t stage, const std::string& error);
  // This stage, unless it has ended, and everything that needs it will not run. One that is being
  // committed still becomes done; if that fails, it is cancelled.
  void Cancel(size_t stage);
  // A failed or cancelled stage may be tried anew; reopen its inputs first.
  void Reopen(size_t stage);

  bool Finished() const { return open_ == 0; }
  // Nothing runs, and nothing will start before the deadline.
  bool OnlyHeldBack() const;
  // A ready stage that no node could take even if it were empty.
  std::optional<size_t> FindUnplaceable(const Placement& placement) const;
  // When the next back-off ends; infinity when none is under way.
  double NextWake() const;
  // Whether nothing was open from the start.
  bool NothingToDo() const { return nothing_to_do_; }
  size_t size() const { return nodes_.size(); }
  Phase phase(size_t stage) const { return nodes_[stage].phase; }
  const std::string& artifact(size_t stage) const { return nodes_[stage].artifact; }
  const std::string& error(size_t stage) const { return nodes_[stage].error; }
  const ResourceRequest& needs(size_t stage) const { return nodes_[stage].needs; }
  double cost(size_t stage) const { return nodes_[stage].cost; }
  // Attempts made at this stage, over all runs, the running one included.
  int AttemptNumber(size_t stage) const { return nodes_[stage].attempts; }
  // Whether it has not ended yet.
  bool IsOpen(size_t stage) const;

 private:
  struct Node {
    Phase phase = Phase::kWaiting;
    ResourceRequest needs;
    std::vector<size_t> inputs, users;
    size_t inputs_missing = 0;  // not done
    double cost = 0;
    double priority = 0;
    int attempts = 0;       // of all runs
    int tries = 0;          // of this run
    int interruptions = 0;  // of this run
    int node = -1;          // where its artifact was made, in this run
    double ready_at = 0;    // end of its back-off
    std::string artifact;
    std::string error;
    bool cancel = false;  // asked for while it was being committed
  };
  void MakeReady(size_t stage);
  void MakeReadyLater(size_t stage, double at);
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
