#include "cluster/adoption.h"

#include <algorithm>
#include <map>
#include <optional>

#include "cluster/artifact_extras.h"

namespace zerosweep {
namespace {

// Role → artifact digest of a stage's inputs; nullopt when one is not done.
std::optional<std::map<std::string, std::string>> DoneInputs(const StageRow& stage,
                                                             const ResultsWriter& writer) {
  std::map<std::string, std::string> digests;
  for (const auto& [role, name] : stage.spec.inputs) {
    const StageStatus status = writer.Status(name);
    if (status.state != State::kDone) return std::nullopt;
    digests[role] = status.artifact;
  }
  return digests;
}

// The attempt's row, lost or never written, becomes the one that did it.
void Adopt(const Published& published, std::map<std::string, std::string> inputs,
           ResultsWriter& writer) {
  AttemptDone done;
  done.attempt = published.manifest.attempt;
  done.stage = published.manifest.stage;
  done.artifact = published.digest;
  done.inputs = std::move(inputs);
  done.metrics = published.manifest.metrics;
  done.signature = published.manifest.signature;
  done.seconds = published.manifest.seconds;
  done.bytes = published.bytes;
  writer.FinishAttempt(done);
}

}  // namespace

int AdoptPublished(const ArtifactStore& store, const Plan& plan, ResultsWriter& writer) {
  std::vector<std::string> names;
  for (const StageRow& stage : plan.stages) names.push_back(stage.spec.name);
  const std::vector<StageStatus> statuses = writer.Statuses(names);
  const auto is_open = [](const StageStatus& status) { return status.state == State::kOpen; };
  // Listing reads every manifest of the home.
  if (std::none_of(statuses.begin(), statuses.end(), is_open)) return 0;

  std::map<std::string, Published> published;  // by stage; the first of each
  for (Published& artifact : store.List()) {
    std::string stage = artifact.manifest.stage;
    published.emplace(std::move(stage), std::move(artifact));
  }
  int adopted = 0;
  for (size_t i = 0; i < plan.stages.size(); ++i) {  // inputs before users
    const auto found = published.find(names[i]);
    if (!is_open(statuses[i]) || found == published.end()) continue;
    auto inputs = DoneInputs(plan.stages[i], writer);
    if (!inputs) continue;
    Adopt(found->second, std::move(*inputs), writer);
    AddExtras(store, found->second, writer);
    ++adopted;
  }
  return adopted;
}

}  // namespace zerosweep
