// Messages between the coordinator and its workers over a Transport (docs/stage_protocol.md,
// "Between ranks").
//
//   worker → coordinator:  JoinRequest (Heartbeat* StoreCall* AttemptEnded* Revoked*)*
//                          (WorkerFailed) Goodbye
//   coordinator → worker:  (Alive* Assign* StoreReply* Revoke*)* (Drain Alive*) Leave
//
// Here a rank is a process of an attempt; the communicating processes are workers.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "contract/stage_messages.h"

namespace zerosweep {

// A worker's first message: the resources of its node. The coordinator decides the number of slots.
struct JoinRequest {
  std::string node;
  int cores = 1;
  std::vector<std::string> gpus;  // those that work: "cuda:0"
  double memory = 0;              // bytes
  std::string warning;            // about its devices; "": none
};

// Once a second: a sign of life with the latest progress of every running attempt.
struct Heartbeat {
  std::vector<StageProgress> progress;
};

// A rank of an attempt sends a request to the attempt's store.
struct StoreCall {
  int rank = 0;
  StoreRequest request;
};

// A rank of an attempt has ended; its slot is free.
struct AttemptEnded {
  std::variant<StageDone, StageFailed> result;
  std::string log_tail;  // last lines of a failed attempt's output
  int rank = 0;
};

// No process of this attempt is left on this worker.
struct Revoked {
  std::string attempt;
};

// The worker cannot work at all (the stage program does not start, or belongs to another build).
struct WorkerFailed {
  std::string message;
};

// The worker's last message.
struct Goodbye {};

// Run this attempt in that slot. REQUIRES: the slot is free.
struct Assign {
  int slot = 0;
  StageRun run;
  double stall_limit = 0;  // seconds of silence; 0: the supervisor's default
  double time_limit = 0;   // seconds in all; 0: none
};

// To the rank that asked.
struct StoreReply {
  int rank = 0;
  StoreAnswer answer;
};

// Kill what still runs of this attempt. Revoked follows, without Ended.
struct Revoke {
  std::string attempt;
};

// Once a second: the coordinator is alive.
struct Alive {};

// Ask running attempts to save and exit; each ends with its Ended.
struct Drain {};

// Kill what runs, answer Left, exit.
struct Leave {};

using WorkerMessage =
    std::variant<JoinRequest, Heartbeat, StoreCall, AttemptEnded, Revoked, WorkerFailed, Goodbye>;
using CoordinatorMessage = std::variant<Assign, StoreReply, Revoke, Alive, Drain, Leave>;
using ClusterMessage = std::variant<WorkerMessage, CoordinatorMessage>;

Json ToJson(const WorkerMessage& message);
Json ToJson(const CoordinatorMessage& message);
// Throws kCluster for a message that is neither.
ClusterMessage ClusterMessageFromJson(const Json& json);

}  // namespace zerosweep
