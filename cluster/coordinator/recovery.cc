#include "cluster/coordinator/recovery.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "cluster/coordinator/derived_rows.h"

namespace zerosweep {
namespace {

// Role → artifact digest of a stage's inputs; nullopt when one is not done.
std::optional<std::map<std::string, std::string>> DoneInputs(
    const StageRow& stage, const std::vector<StageStatus>& statuses) {
  std::map<std::string, std::string> digests;
  for (size_t i = 0; i < stage.inputs.size(); ++i) {
    const StageStatus& input = statuses[stage.inputs[i]];
    if (input.state != State::kDone) return std::nullopt;
    digests[stage.design->roles[i]] = input.artifact;
  }
  return digests;
}

// Records the artifact under the attempt that made it, whose row was lost or never written.
void Recover(const Published& published, std::map<std::string, std::string> inputs,
             ResultsWriter& writer) {
  AttemptDone done;
  done.attempt = published.manifest.attempt;
  done.stage = published.manifest.stage;
  done.artifact = published.digest;
  done.inputs = std::move(inputs);
  done.metrics = published.manifest.metrics;
  done.signature = published.manifest.signature;
  done.seconds = published.manifest.seconds;
  done.earlier_seconds = published.manifest.earlier_seconds;
  done.bytes = published.bytes;
  writer.FinishAttempt(done);
}

}  // namespace

int AdoptPublished(const ArtifactStore& store, const Plan& plan, ResultsWriter& writer,
                   std::vector<StageStatus>& statuses) {
  const auto is_open = [](const StageStatus& status) { return status.state == State::kOpen; };
  if (std::none_of(statuses.begin(), statuses.end(), is_open)) return 0;
  std::unordered_map<std::string, Published> published;  // by stage
  for (Published& artifact : store.List(writer.Artifacts())) {
    std::string stage = artifact.manifest.stage;
    published.emplace(std::move(stage), std::move(artifact));
  }
  int adopted = 0;
  for (size_t i = 0; i < plan.stages.size() && !published.empty(); ++i) {  // inputs before users
    const StageRow& stage = plan.stages[i];
    const auto found = published.find(stage.name);
    if (!is_open(statuses[i]) || found == published.end()) continue;
    auto inputs = DoneInputs(stage, statuses);
    if (!inputs) continue;
    Recover(found->second, std::move(*inputs), writer);
    AddExtras(store, found->second, writer);
    statuses[i] = writer.Status(stage.name);
    ++adopted;
  }
  return adopted;
}

}  // namespace zerosweep
