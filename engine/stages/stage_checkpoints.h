// The checkpoints of a running stage, as folders that outlive its process
// (base/checkpoint_folder.h).
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/stage_protocol.h"
#include "engine/checkpoint.h"
#include "engine/stages/leaving.h"

namespace zerosweep {

// Saves when the process is asked to leave, and otherwise after `run.checkpoint_period` seconds or
// 20 times what the last one took to write, whichever is longer. Keeps the last two. A checkpoint
// that cannot be written is reported in the log and costs the stage nothing else. With an empty
// `run.checkpoints` it does nothing.
class StageCheckpoints final : public Checkpoints {
 public:
  // `signature`: the execution signature, without which a checkpoint is not used. `run`, `leave`
  // and `clock` outlive this object.
  StageCheckpoints(const StageRun& run, Json signature, LeaveRequest& leave, const Clock& clock);

  // The highest whole one of the same signature, whichever attempt made it. Those that are passed
  // over, and why, are in the log.
  std::optional<CheckpointState> Restore() override;
  void Offer(int64_t step, const std::function<CheckpointState()>& state) override;

 private:
  std::optional<CheckpointState> Load(const std::filesystem::path& folder) const;
  bool Save(int64_t step, const std::function<CheckpointState()>& state);
  void Write(int64_t step, const CheckpointState& state) const;
  void RemoveSuperseded(int64_t step) const;
  void Log(const std::string& message) const;

  const StageRun& run_;
  std::filesystem::path folder_;  // of the stage
  Json signature_;
  LeaveRequest& leave_;
  const Clock& clock_;
  double due_;  // when the next one is
};

}  // namespace zerosweep
