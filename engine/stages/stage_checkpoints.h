// The checkpoints of a running stage: folders that outlive its process
// (contract/checkpoint_folder.h).
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "contract/stage_messages.h"
#include "engine/loop/checkpoint.h"
#include "engine/parallel/group.h"
#include "engine/stages/stop_request.h"

namespace zerosweep {

// Saves when the process is asked to stop, and otherwise after `run.checkpoint_period` seconds or
// 20 times the duration of the last write, whichever is longer. Keeps the last two checkpoints. If
// one cannot be written, the log reports it and the stage continues. With an empty
// `run.checkpoints` it does nothing.
//
// In a group every call is collective: all ranks restore the same checkpoint and stop at the same
// step, and rank 0 writes.
class StageCheckpoints final : public Checkpoints {
 public:
  // `signature`: the execution signature; only checkpoints with the same signature are used. All
  // other arguments must outlive this object.
  StageCheckpoints(const StageRun& run, Json signature, StopRequest& leave, const Clock& clock,
                   Group& group);

  // Returns the complete checkpoint of the highest step with the same signature, from any attempt.
  // The log names those that were skipped, with the reason.
  std::optional<CheckpointState> Restore() override;
  void MaybeSave(int64_t step, const std::function<CheckpointState()>& state) override;
  // Seconds that other attempts took up to the restored checkpoint; 0 without one.
  double earlier_seconds() const { return earlier_seconds_; }

 private:
  // Returns rank 0's `name` on all ranks: rank 0 chooses among its checkpoints, and the others look
  // for the same one.
  std::string Announced(const std::string& name) const;
  bool Usable(const std::filesystem::path& folder) const;
  std::optional<CheckpointState> Load(const std::filesystem::path& folder) const;
  bool Save(int64_t step, const std::function<CheckpointState()>& state);
  void Write(int64_t step, const CheckpointState& state) const;
  void RemoveSuperseded(int64_t step) const;
  void Log(const std::string& message) const;

  const StageRun& run_;
  std::filesystem::path folder_;  // the stage's
  Json signature_;
  StopRequest& leave_;
  const Clock& clock_;
  Group& group_;
  double began_;
  double due_;  // time of the next checkpoint
  double earlier_seconds_ = 0;
};

}  // namespace zerosweep
