// Rank 0's main thread: which attempt runs where. No SQL, no file work: that is the storage
// thread's.
//
// Order of truth for every stage: done arrives → its attempt is still the current one → published
// by rename → committed → its users are released.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cluster/coordinator/flight.h"
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
  int slots = 0;        // 0: one per GPU, else one per `threads` cores
  bool spread = false;  // `slots` is for all ranks together (ranks of one host), else for each
  int threads = 1;      // of the most demanding stage
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
  double stall_limit = 0;         // of every stage; 0: the supervisor's default
  double drain_grace = 20;        // seconds that stages have to save and leave
  double checkpoint_period = 60;  // seconds between two checkpoints of a stage, at least
  std::string run;                // whose live view is written; "": none is
  std::string interface;          // where groups over several nodes meet (FindNetworkPlace)
};

class Coordinator {
 public:
  // All references outlive this object.
  Coordinator(CoordinatorOptions options, const Plan& plan, Scheduler& scheduler,
              StorageThread& storage, Transport& transport, ProgressDisplay& display,
              const Clock& clock);

  void Handle(int from, const WorkerMessage& message);
  void RankLost(int rank, const std::string& why);
  // One turn. Returns whether anything happened. Throws what the storage thread died of, and
  // kCluster when a worker reports that stages cannot run at all.
  bool Step();
  // Stop assigning, let what runs save for the grace, then kill it; commit what is finished.
  void Drain();

  // Nothing is left to do (or, drained, to wait for) and all workers have left.
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

  void OnJoin(int rank, const JoinRequest& request);
  void OnStoreCall(int rank, const StoreCall& call);
  void OnEnded(int rank, const AttemptEnded& ended);
  void OnRevoked(int rank, const std::string& attempt);
  void OnDone(const std::string& id, Flight& flight);
  void OnLeft(int rank);
  void Dismiss(int rank);  // one that speaks after it was given up
  bool HandleStorage();
  void Reopen(const StagesReopened& reopened);
  void OnCommitted(const StageCommitted& committed);
  void OnRequest(const Request& request);
  void CancelStage(size_t stage);
  // A process of it is dead: its slots are free.
  void EndMember(Flight::Member& member);
  // Of those that this worker had.
  void EndMembersOf(int rank, bool surely_dead);
  // What follows from the state of its members: those that are left are killed, or it has ended.
  void Settle(const std::string& id);
  void SettleAll();
  void FailFlight(const std::string& id);
  void RecordEnd(const std::string& id, const Flight& flight, bool final);
  bool AnyoneSaves() const;
  void InterruptFlights();
  bool AssignReady();
  void CheckPlaceable();
  void WaitForMoreRanks();
  // The stage has failed before it could be tried.
  void Refuse(size_t stage, const std::string& why);
  void Launch(const Scheduler::Start& start);
  Assign MakeAssign(size_t stage) const;
  void SendAlive();
  void BeginLeaving();
  void Show();
  RunSnapshot Snapshot() const;
  void PublishStatus(const RunSnapshot& snapshot);
  // A lasting line about what somebody watching must not miss.
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
  std::vector<std::string> host_gpus_;     // of rank 0: those of all ranks of one host
  std::set<int> gone_;                     // ranks that have left or are lost
  std::set<int> dismissed_;                // of those, the ones told so
  std::map<std::string, Flight> flights_;  // assigned, not ended by us; by attempt
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
