#include "engine/stages/stage_checkpoints.h"

#include <algorithm>
#include <cstdio>

#include "base/files.h"
#include "base/text.h"
#include "contract/artifact.h"
#include "contract/checkpoint_folder.h"
#include "engine/import/safetensors.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr double kTimesWriting = 20;  // checkpoints take at most a twentieth of the time
constexpr int kKept = 2;              // the last one may be damaged
constexpr size_t kLongestName = 128;

// "threads 2, not 1": the differences between two signatures.
std::string Differences(const Json& there, const Json& here) {
  std::vector<std::string> words;
  for (const auto& [fact, value] : here.items()) {
    const Json other = there.is_object() ? there.value(fact, Json()) : Json();
    if (other != value)
      words.push_back(fmt::format("{} {}, not {}", fact, other.dump(), value.dump()));
  }
  return Join(words, "; ");
}

// The minimum or maximum of the ranks' values.
int Agreed(Group& group, int own, Group::Reduction reduction) {
  if (group.size() == 1) return own;
  const torch::Tensor said = torch::full({1}, own, torch::kInt32);
  group.Reduce({said}, reduction);
  return said.item<int>();
}

// Digest of the signatures of all ranks, in their order: a state resumes only on the same machines.
std::string GroupDigest(const Json& signature, Group& group) {
  constexpr int64_t kBytes = 64;  // of a hex digest
  const std::string own = JsonDigest(signature);
  torch::Tensor all = torch::zeros({group.size(), kBytes}, torch::kInt32);
  for (int64_t i = 0; i < kBytes; ++i) all[group.rank()][i] = static_cast<int>(own[i]);
  group.Reduce({all}, Group::Reduction::kSum);
  const auto* letters = all.const_data_ptr<int>();
  return JsonDigest(std::vector<int>(letters, letters + all.numel()));
}

}  // namespace

StageCheckpoints::StageCheckpoints(const StageRun& run, Json signature, StopRequest& leave,
                                   const Clock& clock, Group& group)
    : run_(run),
      folder_(run.checkpoints),
      signature_(std::move(signature)),
      leave_(leave),
      clock_(clock),
      group_(group),
      began_(clock.Monotonic()),
      due_(began_ + run.checkpoint_period) {
  if (group.size() > 1 && !folder_.empty())
    signature_ = {{"group", GroupDigest(signature_, group)}};
}

void StageCheckpoints::Log(const std::string& message) const {
  std::fprintf(stderr, "%s %s: %s\n", run_.stage.kind.c_str(), run_.attempt.c_str(),
               message.c_str());
}

std::optional<CheckpointState> StageCheckpoints::Restore() {
  if (folder_.empty()) return std::nullopt;
  leave_.can_save = true;  // a stage that restores also saves
  std::vector<fs::path> candidates;
  if (group_.rank() == 0) candidates = CheckpointsIn(folder_);
  for (auto next = candidates.begin();;) {
    while (next != candidates.end() && !Usable(*next)) ++next;
    const bool none = next == candidates.end();
    const std::string name = Announced(none ? "" : next->filename().string());
    if (name.empty()) return std::nullopt;
    const fs::path chosen = folder_ / name;
    const bool usable = group_.rank() == 0 || Usable(chosen);
    auto state = usable ? Load(chosen) : std::nullopt;
    if (Agreed(group_, state ? 1 : 0, Group::Reduction::kMin) == 1) {
      const Manifest manifest = ReadManifest(chosen);
      earlier_seconds_ = manifest.earlier_seconds + manifest.seconds;
      return state;
    }
    if (!none) ++next;
  }
}

std::string StageCheckpoints::Announced(const std::string& name) const {
  if (group_.size() == 1) return name;
  std::vector<int> letters(name.begin(), name.end());
  letters.resize(kLongestName);
  const torch::Tensor said = torch::tensor(letters, torch::kInt32);
  group_.Reduce({said}, Group::Reduction::kSum);  // the other ranks contribute zeros
  const int* first = said.const_data_ptr<int>();
  return {first, std::find(first, first + kLongestName, 0)};
}

bool StageCheckpoints::Usable(const fs::path& folder) const {
  const std::string name = folder.filename();
  std::string defect = CheckpointDefect(folder, run_.stage.name);
  try {
    if (defect.empty()) {
      const std::string differences = Differences(ReadManifest(folder).signature, signature_);
      if (differences.empty()) return true;
      Log(fmt::format(
          "checkpoint {} is not used: it was made under another execution signature ({})", name,
          differences));
      return false;
    }
  } catch (const Error& error) {
    defect = error.what();
  }
  Log(fmt::format("warning: checkpoint {} is passed over: {}", name, defect));
  return false;
}

std::optional<CheckpointState> StageCheckpoints::Load(const fs::path& folder) const {
  const std::string name = folder.filename();
  try {
    CheckpointState state;
    const fs::path file = folder / kCheckpointStateFile;
    state.values = ParseJson(ReadFile(file), file.string());
    state.tensors = ReadSafetensors(folder / kCheckpointTensorsFile);
    Log(fmt::format("resumed from iteration {} of attempt {}", ParseCheckpointName(name)->step,
                    ParseCheckpointName(name)->attempt));
    return state;
  } catch (const Error& error) {
    Log(fmt::format("warning: checkpoint {} is passed over: {}", name, error.what()));
    return std::nullopt;
  }
}

void StageCheckpoints::MaybeSave(int64_t step, const std::function<CheckpointState()>& state) {
  if (folder_.empty()) return;
  leave_.can_save = true;
  const bool leaving = Agreed(group_, leave_.requested ? 1 : 0, Group::Reduction::kMax) == 1;
  const bool due = leaving || clock_.Monotonic() >= due_;
  const bool saved = due && group_.rank() == 0 && Save(step, state);
  if (!leaving) return;
  if (group_.rank() > 0) FailTrial(Failure::kInterrupted, "left with rank 0 at iteration {}", step);
  if (!saved)
    FailTrial(Failure::kInterrupted, "asked to leave; iteration {} could not be saved", step);
  FailTrial(Failure::kInterrupted, "asked to leave; saved at iteration {}", step);
}

bool StageCheckpoints::Save(int64_t step, const std::function<CheckpointState()>& state) {
  const double start = clock_.Monotonic();
  const CheckpointState saved_state = state();
  bool saved = true;
  try {
    Write(step, saved_state);
    RemoveSuperseded(step);
  } catch (const std::exception& error) {
    Log(fmt::format("warning: no checkpoint at iteration {}: {}", step, error.what()));
    saved = false;
  }
  const double now = clock_.Monotonic();
  due_ = now + std::max(run_.checkpoint_period, kTimesWriting * (now - start));
  return saved;
}

void StageCheckpoints::Write(int64_t step, const CheckpointState& state) const {
  const std::string name = CheckpointName{run_.attempt, step}.Text();
  const fs::path unfinished = folder_ / (kUnfinishedCheckpoint + name);
  MakePrivateFolder(unfinished);
  try {
    WriteFileDurably(unfinished / kCheckpointStateFile, state.values.dump() + "\n");
    WriteSafetensors(unfinished / kCheckpointTensorsFile, state.tensors);
    Manifest manifest;
    manifest.stage = run_.stage.name;
    manifest.attempt = run_.attempt;
    manifest.signature = signature_;
    manifest.seconds = clock_.Monotonic() - began_;
    manifest.earlier_seconds = earlier_seconds_;
    SealArtifact(unfinished, manifest);
    if (!RenameNoReplace(unfinished, folder_ / name))
      Fail(ErrorKind::kStorage, "{} is there already", (folder_ / name).string());
  } catch (const std::exception&) {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
    throw;
  }
  FsyncFolder(folder_);
}

void StageCheckpoints::RemoveSuperseded(int64_t step) const {
  int kept = 0;
  for (const fs::path& folder : CheckpointsIn(folder_)) {
    if (ParseCheckpointName(folder.filename())->step > step) continue;
    try {
      if (ReadManifest(folder).signature != signature_) continue;
    } catch (const Error&) {
      continue;  // damaged: removed at the end of the stage
    }
    if (++kept > kKept) RemoveCheckpoint(folder);
  }
}

}  // namespace zerosweep
