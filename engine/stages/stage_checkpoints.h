// The checkpoints of a running stage, as folders that outlive its process
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

// Saves when the process is asked to leave, and otherwise after `run.checkpoint_period` seconds or
// 20 times what the last one took to write, whichever is longer. Keeps the last two. A checkpoint
// that cannot be written is reported in the log and costs the stage nothing else. With an empty
// `run.checkpoints` it does nothing.
//
// In a group every call is collective: all ranks restore the same one and leave at the same step,
// and rank 0 writes.
class StageCheckpoints final : public Checkpoints {
 public:
  // `signature`: the execution signature, without which a checkpoint is not used. All else that is
  // given outlives this object.
  StageCheckpoints(const StageRun& run, Json signature, StopRequest& leave, const Clock& clock,
                   Group& group);

  // The highest whole one of the same signature, whichever attempt made it. Those that are passed
  // over, and why, are in the log.
  std::optional<CheckpointState> Restore() override;
  void Offer(int64_t step, const std::function<CheckpointState()>& state) override;
  // That other attempts took up to the checkpoint that Restore gave; 0 where it gave none.
  double earlier_seconds() const { return earlier_seconds_; }

 private:
  // What rank 0 says: it chooses among what is there, the others look for the same.
  std::string Announced(const std::string& name) const;
  bool Usable(const std::filesystem::path& folder) const;
  std::optional<CheckpointState> Load(const std::filesystem::path& folder) const;
  bool Save(int64_t step, const std::function<CheckpointState()>& state);
  void Write(int64_t step, const CheckpointState& state) const;
  void RemoveSuperseded(int64_t step) const;
  void Log(const std::string& message) const;

  const StageRun& run_;
  std::filesystem::path folder_;  // of the stage
  Json signature_;
  StopRequest& leave_;
  const Clock& clock_;
  Group& group_;
  double began_;
  double due_;  // when the next one is
  double earlier_seconds_ = 0;
};

}  // namespace zerosweep
