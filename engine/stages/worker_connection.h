// The two streams of a stage process: what it says to its worker, and what the worker says to it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "contract/stage_messages.h"

namespace zerosweep {

// A thread of its own reads, so that answers of the store arrive while a stage computes, and the
// end of the stream is heard at once: the process then ends, unless it waits for a run. So it does
// after a frame that is not of the protocol. Lives as long as the process.
class WorkerConnection {
 public:
  WorkerConnection(int read_fd, int write_fd);

  // Returns false when the worker is gone. Any thread.
  bool Send(const StageMessage& message);
  // Blocks for the next run; nullopt at the end of the stream. Until the next call the stage counts
  // as working. One thread. Throws kCluster for a frame that is not of the protocol.
  std::optional<StageRun> NextRun();
  // Asks the store of the attempt and waits for the answer, at most so many seconds. Who waits for
  // others says so once a second, so that nobody takes it for hung. Throws Failure::kLostWorker.
  // Any thread.
  StoreAnswer Ask(StoreRequest request, double patience);

 private:
  struct State;
  static void Listen(int read_fd, State& state);

  int write_fd_;
  std::shared_ptr<State> state_;
};

}  // namespace zerosweep
