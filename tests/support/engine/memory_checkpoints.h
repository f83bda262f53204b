// Checkpoints in memory: interrupts a computation at a step, and hands its state to the next one.
#pragma once

#include "base/error.h"
#include "engine/loop/checkpoint.h"

namespace zerosweep {

class MemoryCheckpoints : public Checkpoints {
 public:
  // Interrupts the computation at the first step ≥ `cut`; 0: never.
  explicit MemoryCheckpoints(int64_t cut = 0) : cut_(cut) {}

  std::optional<CheckpointState> Restore() override { return state_; }
  void MaybeSave(int64_t step, const std::function<CheckpointState()>& state) override {
    if (cut_ == 0 || step < cut_) return;
    cut_ = 0;
    state_ = state();
    // As on disk: the values go through text, and the tensors are contiguous copies.
    state_->values = Json::parse(state_->values.dump());
    for (auto& [name, tensor] : state_->tensors)
      tensor = tensor.detach().clone(torch::MemoryFormat::Contiguous);
    FailTrial(Failure::kInterrupted, "interrupted");
  }

 private:
  int64_t cut_;
  std::optional<CheckpointState> state_;
};

// Runs `compute(checkpoints)`, interrupts it at step `cut`, and runs it again from there.
template <typename Compute>
auto CutAndResume(int64_t cut, const Compute& compute) {
  MemoryCheckpoints checkpoints(cut);
  try {
    compute(checkpoints);
  } catch (const Error& error) {
    if (error.failure() == Failure::kInterrupted) return compute(checkpoints);
    throw;
  }
  throw Error(ErrorKind::kInternal, "the computation ended before the step it was to be cut at");
}

}  // namespace zerosweep
