// Rank 0's main thread: decides which attempt runs where. It does no SQL and no file work; the
// storage thread does.
//
// The order in which a stage becomes done: a done message arrives → its attempt is still the
// current one → the artifact is published by rename → it is committed → the stage's users are
// released.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cluster/coordinator/active_attempt.h"
#include "cluster/coordinator/liveness.h"
#include "cluster/coordinator/progress_display.h"
#include "cluster/coordinator/run_eta.h"
#include "cluster/coordinator/run_view.h"
#include "cluster/coordinator/scheduler.h"
#include "cluster/coordinator/storage_thread.h"
#include "cluster/transport/messages.h"
#include "cluster/transport/transport.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// How many slots each rank gets.
struct SlotPolicy {
  int slots = 0;        // 0: one per GPU, or without GPUs one per `threads` cores
  bool spread = false;  // `slots` is the total over all ranks (of one host), otherwise per rank
  int threads = 1;      // that the most demanding stage needs
};
int SlotsOfRank(const SlotPolicy& policy, int rank, int ranks, const JoinRequest& join);
// "cuda:0" or "cpu" for each of the slots.
std::vector<std::string> DevicesOfRank(const SlotPolicy& policy, int rank, int ranks,
                                       const JoinRequest& join);

struct CoordinatorOptions {
  Home home;
  SlotPolicy slots;
  double worker_limit = 60;       // seconds of silence
  double leave_limit = 5;         // seconds to wait for Left
  double stall_limit = 0;         // seconds, for every stage; 0: the supervisor's default
  double drain_grace = 20;        // seconds that stages have to save and exit
  double checkpoint_period = 60;  // least seconds between two checkpoints of a stage
  std::string run;                // whose live view is written; "": none
  std::string interface;          // network of groups that span nodes (FindNetworkPlace)
};

class Coordinator {
 public:
  // All references outlive this object.
  Coordinator(CoordinatorOptions options, const Plan& plan, Scheduler& scheduler,
              StorageThread& storage, Transport& transport, ProgressDisplay& display,
              const Clock& clock);

  void Handle(int from, const WorkerMessage& message);
  void RankLost(int rank, const std::string& why);
  // One turn of the main loop. Returns whether anything happened. Throws the error that ended the
  // storage thread, and kCluster when a worker reports that stages cannot run at all.
  bool Step();
  // Stops assigning, gives running stages the grace period to save, kills the rest, and commits
  // what is finished.
  void Drain();

  // Nothing is left to do (after Drain: to wait for), and all workers have left.
  bool finished() const { return phase_ == Phase::kFinished; }
  bool drained() const { return drained_; }
  int stages_run() const { return stages_run_; }
  int attempts_failed() const { return attempts_failed_; }

 private:
  enum class Phase { kRunning, kDraining, kLeaving, kFinished };
  struct WorkerState {
    std::string node;
    std::vector<std::string> devices;  // by slot
  };

  // Act on a worker's message, or on what the storage thread reports.
  void On(int rank, const JoinRequest& request);
  void On(int rank, const Heartbeat& beat);
  void On(int rank, const StoreCall& call);
  void On(int rank, const AttemptEnded& ended);
  void On(int rank, const Revoked& revoked);
  void On(int rank, const WorkerFailed& broken);
  void On(int rank, const Goodbye& left);
  void On(const StageCommitted& committed);
  void On(const PublishFailed& failed);
  void On(const StagesReopened& reopened);
  void On(const Request& request);
  void OnDone(const std::string& id, ActiveAttempt& active);
  void Dismiss(int rank);  // a rank that sends messages after it was given up
  bool HandleStorage();
  void CancelStage(size_t stage);
  // The member's process is dead; frees its slots.
  void EndMember(ActiveAttempt::Member& member);
  // Ends the members that ran on this worker.
  void EndMembersOf(int rank, bool surely_dead);
  // Acts on the members' state: kills those that are left, or ends the attempt.
  void Settle(const std::string& id);
  void SettleAll();
  void FailAttempt(const std::string& id);
  void RecordEnd(const std::string& id, const ActiveAttempt& active, bool final);
  bool AnyoneSaves() const;
  void InterruptAttempts();
  bool AssignReady();
  void CheckPlaceable();
  void WaitForMoreRanks();
  // Fails the stage before any attempt.
  void Refuse(size_t stage, const std::string& why);
  void Launch(const Scheduler::Start& start);
  Assign MakeAssign(size_t stage) const;
  void SendAlive();
  void BeginLeaving();
  void Show();
  RunSnapshot Snapshot() const;
  void PublishStatus(const RunSnapshot& snapshot);
  // Shows a lasting line that a watching user must not miss.
  void Problem(const std::string& text);
  void Send(int rank, const CoordinatorMessage& message) { transport_.Send(rank, ToJson(message)); }

  CoordinatorOptions options_;
  const Plan& plan_;
  Scheduler& scheduler_;
  StorageThread& storage_;
  Transport& transport_;
  ProgressDisplay& display_;
  const Clock& clock_;
  RunView view_;
  RunEta eta_;
  Liveness liveness_;
  Placement placement_;
  std::map<int, WorkerState> workers_;
  std::vector<std::string> host_gpus_;           // as rank 0 found them, for all ranks of one host
  std::set<int> gone_;                           // ranks that have left or are lost
  std::set<int> dismissed_;                      // those of them that were asked to leave
  std::map<std::string, ActiveAttempt> active_;  // assigned and not ended yet, by attempt
  Phase phase_ = Phase::kRunning;
  bool drained_ = false;
  double last_alive_ = 0;
  double started_;
  double last_told_ = 0;
  std::deque<std::string> problems_;  // the latest
  double draining_since_ = 0;
  double leaving_since_ = 0;
  int stages_run_ = 0;
  int attempts_failed_ = 0;
  int stages_to_run_ = 0;
};

}  // namespace zerosweep
