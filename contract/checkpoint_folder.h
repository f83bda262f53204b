// A checkpoint on the disk: `checkpoints/<stage>/<attempt>-<step>/`, a folder with state.json,
// tensors.safetensors and a manifest like an artifact's (contract/artifact.h), which holds their
// digests, the stage and the execution signature. It is filled under another name and renamed, so
// it is whole or it is not there; nobody changes it afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

inline constexpr const char* kCheckpointStateFile = "state.json";
inline constexpr const char* kCheckpointTensorsFile = "tensors.safetensors";
// Begins the names of checkpoints that are being written or removed.
inline constexpr const char* kUnfinishedCheckpoint = ".unfinished-";

struct CheckpointName {
  std::string attempt;
  int64_t step = 0;

  std::string Text() const;
};

// nullopt for what does not name a checkpoint.
std::optional<CheckpointName> ParseCheckpointName(const std::string& name);

// The folders in a stage's folder that are named like checkpoints, highest step first.
std::vector<std::filesystem::path> CheckpointsIn(const std::filesystem::path& stage_folder);

// The first thing wrong with a checkpoint of this stage; empty when it is whole. Reads all of it.
std::string CheckpointDefect(const std::filesystem::path& folder, const std::string& stage);

// First out of sight, then away: a removal that is cut short leaves no damaged checkpoint.
void RemoveCheckpoint(const std::filesystem::path& folder);

}  // namespace zerosweep
