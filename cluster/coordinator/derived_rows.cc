#include "cluster/coordinator/derived_rows.h"

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

}  // namespace zerosweep
