#include "reports/samples.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "storage/artifact_store.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostGrids = 24;
constexpr int kMostStages = 1000;          // that are looked at: each is a file to open
constexpr size_t kMostNames = 4;           // of the methods that share their images
constexpr uintmax_t kMostBytes = 4 << 20;  // a grid of 1024 × 1024 noise has 3 MB
constexpr const char* kFile = "samples.png";
constexpr char kSeparator = '\x1f';  // of methods: no name holds it

// Artifact, methods, model, dataset, seed; a row for each stage.
Table Stages(const ResultsReader& reader, const FilterSql& filter) {
  return reader.Query(
      fmt::format(
          "WITH done AS (SELECT x.stage_id AS stage, x.kind AS kind, a.digest AS artifact, "
          "t.method AS method, t.model AS model, t.dataset AS dataset, t.seed AS seed, "
          "row_number() "
          "OVER (PARTITION BY t.configuration_id, x.kind ORDER BY t.seed, t.id) AS place "
          "FROM trial t JOIN trial_stage x ON x.trial_id = t.id AND x.kind IN ('synthesize', "
          "'quantize') JOIN stage g ON g.id = x.stage_id AND g.state = 'done' "
          "JOIN artifact a ON a.id = g.artifact_id WHERE {}), "
          "firsts AS (SELECT DISTINCT stage, kind, artifact, method, model, dataset, seed FROM "
          "done "
          "WHERE place = 1) "
          "SELECT artifact, group_concat(method, char({})), model, dataset, min(seed) FROM firsts "
          "GROUP BY stage ORDER BY dataset, model, kind DESC, 2, 5, stage LIMIT {}",
          filter.condition, static_cast<int>(kSeparator), kMostStages + 1),
      filter.bindings);
}

// Each name once, in their order.
std::string MethodNames(const std::string& joined) {
  std::set<std::string> all;
  for (size_t from = 0; from <= joined.size();) {
    const size_t to = std::min(joined.find(kSeparator, from), joined.size());
    all.insert(joined.substr(from, to - from));
    from = to + 1;
  }
  std::vector<std::string> names(all.begin(), all.end());
  const size_t others = names.size() - std::min(names.size(), kMostNames);
  names.resize(names.size() - others);
  return Join(names, ", ") + (others > 0 ? fmt::format(" and {} more", others) : "");
}

// The bytes of an artifact's grid; nullopt when it has none that can be shown.
std::optional<std::string> ReadGrid(const ArtifactStore& store, const std::string& artifact) {
  const auto folder = store.Find(artifact);
  if (!folder) return std::nullopt;
  try {
    const Manifest manifest = ReadManifest(*folder);
    const auto file = manifest.files.find(kFile);
    if (file == manifest.files.end()) return std::nullopt;
    const fs::path path = *folder / kFile;
    if (fs::file_size(path) > kMostBytes)
      Fail(ErrorKind::kStorage, "{} is larger than {}", path.string(), HumanBytes(kMostBytes));
    std::string bytes = ReadFile(path);
    if (Sha256Hex(bytes) != file->second)
      Fail(ErrorKind::kStorage, "{} is damaged; run `zerosweep fsck`", path.string());
    return bytes;
  } catch (const std::exception& error) {
    spdlog::warn("a grid of samples was left out: {}", error.what());
    return std::nullopt;
  }
}

}  // namespace

Samples ReadSamples(const ResultsReader& reader, const FilterSql& filter) {
  Samples samples;
  const ArtifactStore store(reader.home());
  const Table stages = Stages(reader, filter);
  for (const auto& row : stages.rows) {
    auto png = ReadGrid(store, row[0]);
    if (!png) continue;
    if (samples.grids.size() == kMostGrids) {
      samples.more = true;
      return samples;
    }
    samples.grids.push_back(
        {fmt::format("{}: {}, {}, seed {}", MethodNames(row[1]), row[2].get<std::string>(),
                     row[3].get<std::string>(), row[4].get<int64_t>()),
         std::move(*png)});
  }
  samples.more = stages.rows.size() > static_cast<size_t>(kMostStages);
  return samples;
}

}  // namespace zerosweep
