#include "storage/artifacts/checkpoints.h"

#include "base/hash.h"
#include "contract/checkpoint_folder.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr const char* kForeign = "it is nothing that zerosweep wrote";

// Finds what is wrong inside the folder of a stage that needs its checkpoints.
void LookInside(const fs::path& folder, bool thorough, std::vector<StrayCheckpoint>& strays) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(kUnfinishedCheckpoint)) {
      strays.push_back({entry.path(), "", /*garbage=*/true});
    } else if (!ParseCheckpointName(name)) {
      strays.push_back({entry.path(), kForeign});
    } else if (thorough) {
      const std::string defect = CheckpointDefect(entry.path(), folder.filename());
      // A running stage may have replaced it meanwhile.
      if (!defect.empty() && fs::exists(entry.path(), code))
        strays.push_back({entry.path(), defect + "; attempts pass over it"});
    }
  }
}

}  // namespace

std::vector<std::string> StagesWithCheckpoints(const Home& home) {
  std::vector<std::string> stages;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(home.checkpoints(), code))
    stages.push_back(entry.path().filename());
  return stages;
}

void RemoveCheckpoints(const Home& home, const std::string& stage) {
  std::error_code ignored;
  fs::remove_all(home.checkpoints(stage), ignored);
}

std::vector<StrayCheckpoint> StrayCheckpoints(const Home& home, Database& database, bool thorough) {
  Statement& needed = database.Prepare(R"(SELECT 1 FROM stage g
      JOIN trial_stage x ON x.stage_id = g.id JOIN sweep_trial s ON s.trial_id = x.trial_id
      JOIN sweep_trial o ON o.sweep_id = s.sweep_id JOIN trial t ON t.id = o.trial_id
    WHERE g.name = ? AND g.state <> 'done' AND t.state = 'open' LIMIT 1)");
  std::vector<StrayCheckpoint> strays;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(home.checkpoints(), code)) {
    const std::string stage = entry.path().filename();
    if (!IsHex(stage) || !entry.is_directory(code)) {
      strays.push_back({entry.path(), kForeign});
    } else if (needed.Finds(stage)) {
      LookInside(entry.path(), thorough, strays);
    } else {
      strays.push_back({entry.path(), "no stage will go on from it", /*garbage=*/true});
    }
  }
  return strays;
}

}  // namespace zerosweep
