#include "cluster/coordinator/artifact_rows.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxPoints = 512;

struct Curve {
  std::string term;
  std::vector<double> x, y;
};

std::vector<Curve> ReadCurves(const fs::path& path) {
  std::vector<Curve> curves;
  const std::string text = ReadFile(path);
  try {
    const Json json = Json::parse(text);
    for (const auto& [term, points] : json.items()) {
      Curve curve{term, points.at("x"), points.at("y")};
      if (curve.x.size() == curve.y.size() && curve.x.size() <= kMaxPoints)
        curves.push_back(std::move(curve));
      else
        spdlog::warn("{}: curve '{}' has {} x and {} y; left out", path.string(), term,
                     curve.x.size(), curve.y.size());
    }
  } catch (const nlohmann::json::exception& error) {
    spdlog::warn("{} is malformed and was left out: {}", path.string(), error.what());
  }
  return curves;
}

void AddCorrect(const fs::path& path, const Manifest& manifest, ResultsWriter& writer) {
  const auto images = manifest.metrics.find("images");
  const auto count = images == manifest.metrics.end() ? 0 : static_cast<int64_t>(images->second);
  const std::string bits = ReadFile(path);
  if (count > 0 && bits.size() == static_cast<size_t>((count + 7) / 8)) {
    writer.AddCorrectness(manifest.stage, bits, count);
  } else {
    spdlog::warn("{}: {} bytes for {} images; left out", path.string(), bits.size(), count);
  }
}

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
  done.peak_bytes = published.manifest.peak_bytes;
  done.bytes = published.bytes;
  writer.FinishAttempt(done);
}

}  // namespace

void AddExtras(const ArtifactStore& store, const Published& published, ResultsWriter& writer) {
  const Manifest& manifest = published.manifest;
  const bool correct = manifest.files.contains("correct.bin");
  const bool curves = manifest.files.contains("curve.json");
  if (!correct && !curves) return;
  const auto folder = store.Find(published.digest);
  if (!folder) return;
  if (correct) AddCorrect(*folder / "correct.bin", manifest, writer);
  if (!curves) return;
  for (const Curve& curve : ReadCurves(*folder / "curve.json"))
    writer.AddCurve(manifest.stage, curve.term, curve.x, curve.y);
}

int AdoptPublished(const ArtifactStore& store, const Plan& plan, ResultsWriter& writer,
                   std::vector<StageStatus>& statuses) {
  const auto is_open = [](const StageStatus& status) { return status.state == State::kOpen; };
  if (std::ranges::none_of(statuses, is_open)) return 0;
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
