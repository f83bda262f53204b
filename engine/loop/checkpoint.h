// State of a long computation, kept so that an interrupted stage goes on where it was.
#pragma once

#include <torch/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"

namespace zerosweep {

// Everything that the next step depends on: parameters, optimiser and schedule, iteration, curves.
// Random streams are counter-based and need only the iteration.
struct CheckpointState {
  Json values = Json::object();
  std::map<std::string, torch::Tensor> tensors;  // saved by value
};

// Resuming from a checkpoint gives the result of an uninterrupted stage bit for bit, on the same
// execution signature.
class Checkpoints {
 public:
  virtual ~Checkpoints() = default;
  // What an earlier attempt at this stage saved last; nothing when there is none.
  virtual std::optional<CheckpointState> Restore() = 0;
  // Call it between steps, with a number of steps that only grows in the stage: cheap, unless a
  // checkpoint is due, when it saves `state()`. Throws Failure::kInterrupted, once it has saved,
  // when the process was asked to leave.
  virtual void Offer(int64_t step, const std::function<CheckpointState()>& state) = 0;
};

// For computations that nobody resumes.
class NoCheckpoints : public Checkpoints {
 public:
  std::optional<CheckpointState> Restore() override { return std::nullopt; }
  void Offer(int64_t, const std::function<CheckpointState()>&) override {}
};

}  // namespace zerosweep
