#include "reports/page/layer_bits.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "reports/leaderboard/leaderboard.h"
#include "reports/page/artifact_file.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxConfigurations = 24;
constexpr const char* kSensitivityFile = "sensitivity.json";
constexpr uintmax_t kMostSensitivityBytes = 1 << 20;
constexpr const char* kPrefix = "w_bits:";  // of metrics: "w_bits:03:layer1.0.conv2"

// The op in a metric's name; empty for other metrics.
std::string OpOf(const std::string& metric) {
  if (!metric.starts_with(kPrefix)) return "";
  const size_t colon = metric.find(':', std::strlen(kPrefix));
  return colon == std::string::npos ? "" : metric.substr(colon + 1);
}

// Adds a quantize stage to its configuration: a column of bits and a line.
void AddStage(const ResultsReader& reader, int64_t stage, const std::string& name,
              LayerBits& configuration) {
  FrontierLine line{.name = name};
  Table& table = configuration.table;
  const size_t column = table.columns.size();
  table.columns.push_back(name);
  for (auto& row : table.rows) row.emplace_back();
  // The index in a metric's name keeps the ops in network order.
  const Table metrics =
      reader.Query("SELECT name, value FROM metric WHERE stage_id = ? ORDER BY name", {stage});
  for (const auto& metric : metrics.rows) {
    const std::string key = metric[0];
    const double value = metric[1].is_number() ? metric[1].get<double>() : 0;
    if (key == "budget_bytes") configuration.plot.budget = value;
    if (key == "size_bytes") line.size = value;
    if (key == "predicted_kl") line.omega = value;
    const std::string op = OpOf(key);
    if (op.empty()) continue;
    auto row = std::find_if(table.rows.begin(), table.rows.end(),
                            [&](const auto& known) { return known[0] == op; });
    if (row == table.rows.end()) {
      row = table.rows.insert(row, std::vector<Json>(table.columns.size()));
      row->front() = op;
    }
    (*row)[column] = static_cast<int64_t>(value);
  }
  const Table curve =
      reader.Query("SELECT data FROM curve WHERE stage_id = ? AND term = 'frontier'", {stage});
  if (curve.rows.empty()) return;
  line.x = UnpackCurve(curve.rows[0][0].get_binary(), false);
  line.y = UnpackCurve(curve.rows[0][0].get_binary(), true);
  configuration.plot.lines.push_back(std::move(line));
}

// The sensitivities on which a trial's bits were chosen: op by width.
Table ReadSensitivities(const ResultsReader& reader, const ArtifactStore& store, int64_t trial) {
  Table table;
  const Table artifact = reader.Query(
      "SELECT a.digest FROM trial_stage x JOIN stage g ON g.id = x.stage_id JOIN artifact a ON "
      "a.id = g.artifact_id WHERE x.trial_id = ? AND x.kind = 'sensitivity'",
      {trial});
  if (artifact.rows.empty()) return table;
  const auto text = ReadArtifactFile(store, artifact.rows[0][0], kSensitivityFile,
                                     kMostSensitivityBytes, "a list of sensitivities");
  if (!text) return table;
  try {
    const Json measured = Json::parse(*text);
    table.columns = {"op"};
    for (const Json& width : measured.at("widths"))
      table.columns.push_back(fmt::format("{} bits", width.get<int>()));
    for (const Json& op : measured.at("ops")) {
      auto& row = table.rows.emplace_back(1, op.at("op"));
      for (const Json& omega : op.at("omega")) row.push_back(omega);
      row.resize(table.columns.size());
    }
    return table;
  } catch (const Json::exception& error) {
    spdlog::warn("a list of sensitivities is left out: {} of artifact {} cannot be read ({})",
                 kSensitivityFile, artifact.rows[0][0].get<std::string>(), error.what());
    return {};
  }
}

}  // namespace

std::vector<double> UnpackCurve(const Json::binary_t& bytes, bool y) {
  std::vector<double> values;
  for (size_t at = y ? sizeof(float) : 0; at + sizeof(float) <= bytes.size();
       at += 2 * sizeof(float)) {
    float value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    values.push_back(value);
  }
  return values;
}

std::vector<LayerBits> ReadLayerBits(const ResultsReader& reader, const FilterSql& filter) {
  const Table stages = reader.Query(
      "SELECT n.id, n.method, n.bits, n.dataset, n.model, min(t.seed), x.stage_id, t.id FROM trial "
      "t JOIN configuration n ON n.id = t.configuration_id JOIN trial_stage x ON x.trial_id = t.id "
      "WHERE x.kind = 'quantize' AND EXISTS (SELECT 1 FROM metric m WHERE m.stage_id = x.stage_id "
      "AND m.name BETWEEN 'w_bits:' AND 'w_bits;') AND " +
          filter.condition + " GROUP BY n.id, x.stage_id ORDER BY 4, 5, 2, 3, 1, 6",
      filter.bindings);
  const ArtifactStore store(reader.home());
  std::vector<LayerBits> configurations;
  int64_t last = -1;
  for (const auto& row : stages.rows) {
    const int64_t id = row[0];
    if (id != last) {
      if (configurations.size() == kMaxConfigurations) break;
      LayerBits& made = configurations.emplace_back();
      made.title = fmt::format("{} {}, {}, {}", row[1].get<std::string>(), BitsName(row[2]),
                               row[3].get<std::string>(), row[4].get<std::string>());
      made.plot.title = "Size of the weights against Ω: " + made.title;
      made.table.columns = {"op"};
      last = id;
    }
    if (configurations.back().sensitivities.rows.empty())
      configurations.back().sensitivities = ReadSensitivities(reader, store, row[7]);
    AddStage(reader, row[6], fmt::format("seed {}", row[5].get<int64_t>()), configurations.back());
  }
  return configurations;
}

}  // namespace zerosweep
