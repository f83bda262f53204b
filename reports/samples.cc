#include "reports/samples.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "reports/artifact_file.h"
#include "reports/leaderboard.h"

namespace zerosweep {
namespace {

constexpr size_t kMostGrids = 24;
constexpr int kMostStages = 1000;          // that are looked at: each is a file to open
constexpr size_t kMostNames = 4;           // of the methods that share their images
constexpr uintmax_t kMostBytes = 4 << 20;  // a grid of 1024 × 1024 noise has 3 MB
constexpr const char* kFile = "samples.png";

// A row for each stage: artifact, kind, methods (a JSON list), bits, model, dataset, seed.
Table Stages(const ResultsReader& reader, const FilterSql& filter) {
  constexpr const char* kDone = R"sql(WITH done AS (
      SELECT x.stage_id AS stage, x.kind AS kind, a.digest AS artifact, t.method AS method,
        t.bits AS bits, t.model AS model, t.dataset AS dataset, t.seed AS seed, row_number() OVER (
          PARTITION BY t.configuration_id, x.kind ORDER BY t.seed, t.id) AS place
      FROM trial t
      JOIN trial_stage x ON x.trial_id = t.id AND x.kind IN ('synthesize', 'quantize')
      JOIN stage g ON g.id = x.stage_id AND g.state = 'done'
      JOIN artifact a ON a.id = g.artifact_id
      WHERE )sql";
  constexpr const char* kFirsts = R"sql()
    SELECT artifact, kind, json_group_array(DISTINCT method), min(bits), model, dataset, min(seed)
    FROM done WHERE place = 1 GROUP BY stage
    ORDER BY dataset, model, kind DESC, min(method), min(bits), min(seed), stage LIMIT )sql";
  return reader.Query(kDone + filter.condition + kFirsts + std::to_string(kMostStages + 1),
                      filter.bindings);
}

// "dsg+lp, dsg+minmax: resnet20, cifar10, seed 0". Bits tell apart what was made while quantizing.
std::string TitleOf(const std::vector<Json>& row) {
  std::vector<std::string> names = ParseJson(row[2].get<std::string>(), "methods");
  std::sort(names.begin(), names.end());
  const size_t others = names.size() - std::min(names.size(), kMostNames);
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
  for (const auto& row : stages.rows) {
    auto png = ReadArtifactFile(store, row[0], kFile, kMostBytes, "a grid of samples");
    if (!png) continue;
    if (samples.grids.size() == kMostGrids) {
      samples.more = true;
      return samples;
    }
    samples.grids.push_back({TitleOf(row), std::move(*png)});
  }
  samples.more = stages.rows.size() > static_cast<size_t>(kMostStages);
  return samples;
}

}  // namespace zerosweep
