// Which stage runs next: pure logic, no clock, no processes, no database.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/stage_protocol.h"
#include "storage/results.h"
#include "storage/rows.h"

namespace zerosweep {

struct SchedulerOptions {
  int max_attempts = 3;  // tries in this run at a stage whose process crashes or is lost
};

// How many tries an end of this class allows: a crash, a lost worker or a timeout may pass and gets
// `max_attempts`; an error that the stage reported itself is repeated once; a wrong configuration
// or missing data, never.
int AllowedAttempts(const StageFailed& failed, int max_attempts);

// The stages of a plan, by their index in it. Costliest first: the order is that of a stage's cost
// plus the longest chain of costs behind it.
//
//   waiting → ready → running → committing → done
//                  ↖ (retry) ↙ ↘ failed, with everything that needs it
class Scheduler {
 public:
  enum class Phase { kWaiting, kReady, kRunning, kCommitting, kDone, kFailed, kCancelled };

  // `stages`: inputs before users, each input among them. `statuses`: what the database knows, in
  // the same order. `seconds` predicts a stage's cost. Throws kInternal for an input that is not in
  // the plan.
  Scheduler(const std::vector<StageRow>& stages, const std::vector<StageStatus>& statuses,
            const std::function<double(const StageRow&)>& seconds, SchedulerOptions options = {});

  // The ready stage that should start now; it is running from here on.
  std::optional<size_t> TakeNext();
  // The running stage reported success and waits for its commit.
  void BeginCommit(size_t stage);
  // Its artifact is committed: users whose inputs are all done become ready.
  void Committed(size_t stage, const std::string& artifact);
  // An attempt failed. Returns true when no other will be made: the stage and everything that needs
  // it have failed. Otherwise it is ready again. An "interrupted" one counts as no try, unless
  // somebody keeps ending the stage from outside.
  bool Failed(size_t stage, const StageFailed& failed);
  // A running stage goes back without counting as a try (the run is being interrupted).
  void PutBack(size_t stage);
  // This stage, unless it has ended, and everything that needs it will not run. One that is being
  // committed still becomes done; if that fails, it is cancelled.
  void Cancel(size_t stage);
  // A failed or cancelled stage may be tried anew; reopen its inputs first.
  void Reopen(size_t stage);

  bool Finished() const { return open_ == 0; }
  // Whether nothing was open from the start.
  bool NothingToDo() const { return nothing_to_do_; }
  size_t size() const { return nodes_.size(); }
  Phase phase(size_t stage) const { return nodes_[stage].phase; }
  const std::string& artifact(size_t stage) const { return nodes_[stage].artifact; }
  const std::string& error(size_t stage) const { return nodes_[stage].error; }
  double cost(size_t stage) const { return nodes_[stage].cost; }
  // Attempts made at this stage, over all runs, the running one included.
  int AttemptNumber(size_t stage) const { return nodes_[stage].attempts; }
  // Whether it has not ended yet.
  bool IsOpen(size_t stage) const;
  std::optional<size_t> Find(const std::string& name) const;

 private:
  struct Node {
    Phase phase = Phase::kWaiting;
    std::vector<size_t> users;
    size_t inputs_missing = 0;  // not done
    double cost = 0;
    double priority = 0;
    int attempts = 0;       // of all runs
    int tries = 0;          // of this run
    int interruptions = 0;  // of this run
    std::string artifact;
    std::string error;
    bool cancel = false;  // asked for while it was being committed
  };
  void MakeReady(size_t stage);
  void End(size_t stage, Phase phase);
  void EndUsers(size_t stage, Phase phase, const std::string& reason);

  std::vector<Node> nodes_;
  std::unordered_map<std::string, size_t> index_;
  std::set<std::pair<double, size_t>> ready_;  // by −priority, then plan order
  SchedulerOptions options_;
  size_t open_ = 0;
  bool nothing_to_do_ = false;
};

}  // namespace zerosweep
