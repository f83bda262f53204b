#include "reports/page/samples.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "reports/leaderboard/leaderboard.h"
#include "reports/page/artifact_file.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxGrids = 24;
constexpr int kMaxStages = 1000;                 // looked at, each of which opens a file
constexpr size_t kMaxNames = 4;                  // methods named for shared images
constexpr uintmax_t kMostSampleBytes = 4 << 20;  // a grid of 1024 × 1024 noise has 3 MB
constexpr size_t kMaxTogether = 3 << 19;  // bytes in all; it keeps the page small enough to send
constexpr const char* kSampleFile = "samples.png";

// One row for each stage: artifact, kind, methods (a JSON list), bits, model, dataset, seed.
Table Stages(const ResultsReader& reader, const FilterSql& filter) {
  // In a group with min(), SQLite takes the other columns from the row with the minimum.
  constexpr const char* kFirsts = R"sql(WITH first AS MATERIALIZED (
      SELECT t.id AS trial, x.stage_id AS stage, x.kind AS kind, min(t.seed) AS seed
      FROM trial t
      JOIN trial_stage x ON x.trial_id = t.id AND x.kind IN ('synthesize', 'quantize')
      JOIN stage g ON g.id = x.stage_id AND g.state = 'done'
      WHERE )sql";
  constexpr const char* kStages = R"sql( GROUP BY t.configuration_id, x.kind)
    SELECT a.digest, first.kind, json_group_array(DISTINCT n.method), min(n.bits), n.model, n.dataset,
      min(first.seed)
    FROM first JOIN trial t ON t.id = trial JOIN configuration n ON n.id = t.configuration_id
    JOIN stage g ON g.id = stage
    JOIN artifact a ON a.id = g.artifact_id GROUP BY stage
    ORDER BY n.dataset, n.model, first.kind DESC, min(n.method), min(n.bits), min(first.seed), stage
    LIMIT )sql";
  return reader.Query(kFirsts + filter.condition + kStages + std::to_string(kMaxStages + 1),
                      filter.bindings);
}

// "dsg+lp, dsg+minmax: resnet20, cifar10, seed 0". Images made while quantizing also show the bits.
std::string TitleOf(const std::vector<Json>& row) {
  std::vector<std::string> names = ParseJson(row[2].get<std::string>(), "methods");
  std::sort(names.begin(), names.end());
  const size_t others = names.size() - std::min(names.size(), kMaxNames);
  names.resize(names.size() - others);
  return fmt::format("{}{}{}: {}, {}, seed {}", Join(names, ", "),
                     others > 0 ? fmt::format(" and {} more", others) : "",
                     row[1] == "quantize" ? " " + BitsName(row[3]) : "", row[4].get<std::string>(),
                     row[5].get<std::string>(), row[6].get<int64_t>());
}

}  // namespace

Samples ReadSamples(const ResultsReader& reader, const FilterSql& filter) {
  Samples samples;
  const ArtifactStore store(reader.home());
  const Table stages = Stages(reader, filter);
  size_t together = 0;
  for (const auto& row : stages.rows) {
    auto png = ReadArtifactFile(store, row[0], kSampleFile, kMostSampleBytes, "a grid of samples");
    if (!png) continue;
    const bool full = together + png->size() > kMaxTogether && !samples.grids.empty();
    if (full || samples.grids.size() == kMaxGrids) {
      samples.more = true;
      return samples;
    }
    together += png->size();
    samples.grids.push_back({TitleOf(row), std::move(*png)});
  }
  samples.more = stages.rows.size() > static_cast<size_t>(kMaxStages);
  return samples;
}

}  // namespace zerosweep
