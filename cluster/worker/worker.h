// A worker runs the slots of one node for the coordinator. Every rank has one, rank 0 included.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cluster/transport/messages.h"
#include "cluster/transport/suspend_aware_clock.h"
#include "cluster/transport/transport.h"
#include "cluster/worker/node.h"
#include "cluster/worker/supervisor.h"

namespace zerosweep {

struct WorkerOptions {
  SupervisorOptions stage;
  std::string node;           // host name
  NodeDevices devices;        // of its slots
  double beat_period = 1;     // seconds
  double silence_limit = 60;  // seconds without a message from the coordinator
  double lost_limit = 15;     // the same, after the transport has reported it dead
};

// Runs on the main thread of its rank. Its constructor sends JoinRequest, and WorkerFailed when its
// devices are in error; the coordinator decides how many slots it uses.
class Worker {
 public:
  // `transport` and `clock` outlive this object.
  Worker(WorkerOptions options, Transport& transport, const Clock& clock);

  void Handle(const CoordinatorMessage& message);
  // The transport reports the coordinator dead.
  void CoordinatorLost() { coordinator_lost_ = true; }
  // One turn of the main loop: listens to the stages and sends what is due. Returns whether
  // anything happened.
  bool Step();
  // The coordinator has announced that this run is being interrupted.
  bool draining() const { return draining_; }
  // Left was sent, or the coordinator is gone; every stage process is dead.
  bool finished() const { return finished_; }
  // REQUIRES: finished(). Whether it ended because the coordinator is gone.
  bool abandoned() const { return abandoned_; }

 private:
  // Act on the coordinator's message.
  void On(const Assign& assign);
  void On(const StoreReply& reply);
  void On(const Revoke& revoke);
  void On(const Alive&) {}
  void On(const Drain& drain);
  void On(const Leave& leave);
  bool PollSlots();
  void Report(int rank, StageEvent& event);
  void SendBeat();
  void CheckCoordinator();
  void Break(const std::string& message);
  void Send(const WorkerMessage& message) { transport_.Send(0, ToJson(message)); }

  WorkerOptions options_;
  Transport& transport_;
  const Clock& clock_;
  std::map<int, std::unique_ptr<Supervisor>> slots_;
  std::map<std::string, StageProgress> progress_;  // latest, by attempt; a group's is rank 0's
  SuspendAwareClock time_;
  double last_heard_ = 0;  // from the coordinator, in listening time
  double last_beat_;
  bool coordinator_lost_ = false;
  bool draining_ = false;
  bool finished_ = false;
  bool abandoned_ = false;
};

}  // namespace zerosweep
