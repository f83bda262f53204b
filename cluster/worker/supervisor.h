// One slot's warm stage process: runs one attempt after another in it, survives the process's end,
// and reports how each attempt ended.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cluster/transport/suspend_aware_clock.h"
#include "cluster/worker/attempt_log.h"
#include "contract/frames.h"
#include "contract/stage_messages.h"
#include "contract/subprocess.h"
#include "storage/home/home.h"

namespace zerosweep {

struct SupervisorOptions {
  Home home;                                    // where the logs go
  std::filesystem::path program;                // zerosweep-stage
  std::string catalogue_digest;                 // that its hello must carry
  double start_limit = 120;                     // seconds until hello
  double stall_floor = 120, stall_factor = 20;  // allowed silence: max(floor, factor × median step)
  int max_starts = 3;                           // consecutive starts that may fail
  // Whether the home lies on a network file system; detected when absent. On such a file system a
  // node may not yet see an artifact that another has just published, so an attempt waits up to
  // `input_patience` seconds for its inputs to appear.
  std::optional<bool> network;
  double input_patience = 90;
};

// Limits after which an attempt is killed.
struct StageLimits {
  double stall = 0;  // seconds of silence; 0: the default
  double time = 0;   // seconds in all; 0: none
};

struct StageEvent {
  std::variant<StageProgress, StoreRequest, StageDone, StageFailed> message;
  std::string log_tail;  // of a failed attempt
};

// Silence (seconds) after which an attempt counts as hung. A step is the time between two frames.
class StallLimit {
 public:
  StallLimit(double floor, double factor) : floor_(floor), factor_(factor) {}
  void AddStep(double seconds);
  double Seconds() const { return limit_ > floor_ ? limit_ : floor_; }

 private:
  double floor_, factor_;
  std::vector<double> steps_;  // the latest 64
  size_t next_ = 0;
  double limit_ = 0;
};

// Main thread only (the process is killed when its spawning thread ends). No call blocks. The
// process and all its children die with this object.
class Supervisor {
 public:
  // `name` is unique among the slots that share the home. `clock` outlives this object.
  Supervisor(SupervisorOptions options, const std::string& name, const Clock& clock);

  // Starts an attempt, and the process if there is none. REQUIRES: !busy().
  void Start(const StageRun& run, const StageLimits& limits = {});
  // Returns the events since the last call; metrics are gathered into the StageDone. A done or
  // failed attempt ends with exactly one StageDone or StageFailed; after a failure the process is
  // dead. Throws kCluster when the program does not start at all or belongs to another build.
  std::vector<StageEvent> Poll();
  // Passes the answer to the process, if it still runs that attempt.
  void Answer(const StoreAnswer& answer);
  // Kills the attempt and its process; no more events come from it.
  void Cancel();
  // Asks the attempt, if there is one, to save and exit (SIGTERM). However its process then ends,
  // the attempt ends as "interrupted"; a result that comes first counts.
  void Drain();

  bool busy() const { return run_.has_value(); }
  // REQUIRES: busy().
  const std::string& attempt() const { return run_->attempt; }
  // This process's rank in the group that runs the latest attempt.
  int rank() const { return rank_; }
  pid_t pid() const { return child_ ? child_->pid() : -1; }
  // The signature in the last hello; null before the first.
  const Json& signature() const { return signature_; }

 private:
  void Spawn();
  bool SeesInputs() const;
  void SendRunWhenReady();
  void SendRun();
  void ReadFrames(std::vector<StageEvent>& events);
  void Handle(const StageMessage& message, std::vector<StageEvent>& events);
  void HandleHello(const StageHello& hello);
  void CheckProcess(std::vector<StageEvent>& events);
  void CheckSilence(std::vector<StageEvent>& events);
  void ProcessEnded(const std::string& how, std::vector<StageEvent>& events);
  void FailRun(Failure failure, const std::string& message, std::vector<StageEvent>& events);
  Failure CrashClass(const std::string& how) const;

  SupervisorOptions options_;
  bool network_;
  SuspendAwareClock time_;
  AttemptLog log_;
  std::unique_ptr<ChildProcess> child_;  // after log_: the process ends before its log
  FrameBuffer buffer_;
  bool greeted_ = false;  // hello has arrived
  bool at_end_ = false;   // its stream has ended
  double end_seen_ = 0;   // when, in listening time
  int failed_starts_ = 0;
  double spawned_at_ = 0;  // in listening time
  std::optional<StageRun> run_;
  int rank_ = 0;                     // in the attempt; kept after its end
  bool sent_ = false;                // the run frame
  bool draining_ = false;            // it was asked to exit
  double asked_at_ = 0;              // in listening time
  std::vector<StageEvent> pending_;  // for the next Poll
  StageLimits limits_;
  std::optional<StallLimit> stall_;
  double last_frame_ = 0, sent_at_ = 0;  // in listening time
  long oom_kills_before_ = 0;
  Json signature_;
};

}  // namespace zerosweep
