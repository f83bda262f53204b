// A checkpoint on disk is a folder `checkpoints/<stage>/<attempt>-<step>/` with state.json,
// tensors.safetensors and a manifest like an artifact's (contract/artifact.h), which holds their
// digests, the stage and the execution signature. It is filled under another name and then renamed,
// so it is complete or absent; it never changes afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

inline constexpr const char* kCheckpointStateFile = "state.json";
inline constexpr const char* kCheckpointTensorsFile = "tensors.safetensors";
// Prefix of the names of checkpoints that are being written or removed.
inline constexpr const char* kUnfinishedCheckpoint = ".unfinished-";

struct CheckpointName {
  std::string attempt;
  int64_t step = 0;

  std::string Text() const;
};

// nullopt when `name` is not the name of a checkpoint.
std::optional<CheckpointName> ParseCheckpointName(const std::string& name);

// The folders in a stage's folder whose names are those of checkpoints, highest step first.
std::vector<std::filesystem::path> CheckpointsIn(const std::filesystem::path& stage_folder);

// The first defect of a checkpoint of this stage; empty when it has none. Reads all of it.
std::string CheckpointDefect(const std::filesystem::path& folder, const std::string& stage);

// Renames the checkpoint before it removes it, so that an interrupted removal leaves no damaged
// checkpoint.
void RemoveCheckpoint(const std::filesystem::path& folder);

}  // namespace zerosweep
