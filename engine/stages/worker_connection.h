// The two streams between a stage process and its worker.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "contract/stage_messages.h"

namespace zerosweep {

// A separate thread reads, so that answers of the store arrive while a stage computes. If the
// stream ends or brings a frame that is not of the protocol, this thread ends the process at once,
// unless the process is waiting for a run. The connection lives as long as the process.
class WorkerConnection {
 public:
  WorkerConnection(int read_fd, int write_fd);

  // Returns false when the worker is gone. Any thread.
  bool Send(const StageMessage& message);
  // Blocks until the next run; returns nullopt at the end of the stream. The stage counts as
  // working until the next call. Use from one thread. Throws kCluster for a frame that is not of
  // the protocol.
  std::optional<StageRun> NextRun();
  // Asks the store of the attempt and waits at most `patience` seconds for the answer. While it
  // waits for other ranks it sends a sign of life once a second, so that the process does not look
  // hung. Throws Failure::kLostWorker. Any thread.
  StoreAnswer Ask(StoreRequest request, double patience);

 private:
  struct State;
  static void Listen(int read_fd, State& state);

  int write_fd_;
  std::shared_ptr<State> state_;
};

}  // namespace zerosweep
