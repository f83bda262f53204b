// State of a long computation, saved so that an interrupted stage can continue.
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

// Resuming from a checkpoint gives the result of an uninterrupted stage bit for bit, under the same
// execution signature.
class Checkpoints {
 public:
  virtual ~Checkpoints() = default;
  // Returns the last state that an earlier attempt at this stage saved, or nothing.
  virtual std::optional<CheckpointState> Restore() = 0;
  // Call it between steps, with a number of steps that only increases during the stage. Cheap
  // unless a checkpoint is due; then it saves `state()`. Throws Failure::kInterrupted, after
  // saving, if the process was asked to stop.
  virtual void MaybeSave(int64_t step, const std::function<CheckpointState()>& state) = 0;
};

// For computations that are never resumed.
class NoCheckpoints : public Checkpoints {
 public:
  std::optional<CheckpointState> Restore() override { return std::nullopt; }
  void MaybeSave(int64_t, const std::function<CheckpointState()>&) override {}
};

}  // namespace zerosweep
