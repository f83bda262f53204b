#include "reports/leaderboard.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "reports/differences.h"
#include "reports/statistics.h"

namespace zerosweep {
namespace {

// A metric of a trial's stages: of those of one kind, or of whichever has it.
std::string MetricSql(const char* name, const char* kind = nullptr) {
  const std::string of_kind = kind == nullptr ? "" : fmt::format("x.kind = '{}' AND ", kind);
  return fmt::format(
      "(SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id "
      "WHERE x.trial_id = t.id AND {}m.name = '{}')",
      of_kind, name);
}

// One row a done trial; columns as in the enum below.
std::string TrialsSql() {
  return fmt::format(
      R"(
SELECT t.configuration_id, t.dataset, t.model, t.method, t.w_bits, t.a_bits, t.seed, t.protocol,
  t.variant,
  (SELECT json_group_array(s.name) FROM sweep_trial st JOIN sweep s ON s.id = st.sweep_id
    WHERE st.trial_id = t.id),
  coalesce((SELECT x.stage_id FROM trial_stage x WHERE x.trial_id = t.id AND x.kind = 'evaluate'),
    -t.id),
  {} AS top1, {}, {}, {}, {}, {},
  (SELECT sum(g.seconds) FROM trial_stage x JOIN stage g ON g.id = x.stage_id
    WHERE x.trial_id = t.id),
  t.bits, t.synthesizer, {}, {}, {}
FROM trial t WHERE t.state = 'done' AND top1 IS NOT NULL AND )",
      MetricSql("top1", "evaluate"), MetricSql("agreement", "evaluate"),
      MetricSql("fp32_top1", "teacher"), MetricSql("images", "synthesize"), MetricSql("size_bytes"),
      MetricSql("bitops"), MetricSql("untrained_top1", "evaluate"),
      MetricSql("best_top1", "evaluate"), MetricSql("heldout_top1", "evaluate"));
}

enum Column {
  kConfiguration,
  kDataset,
  kModel,
  kMethod,
  kWBits,
  kABits,
  kSeed,
  kProtocol,
  kVariant,
  kSweeps,
  kEvaluation,
  kTop1,
  kAgreement,
  kFp32,
  kImages,
  kSizeBytes,
  kBitops,
  kSeconds,
  kBits,
  kSynthesizer,
  kUntrained,
  kBestSnapshot,
  kHeldoutSnapshot
};

// What only the configuration says, once for all its trials.
std::string ConfigurationsSql(const FilterSql& filter) {
  return R"(
SELECT c.id, json_remove(c.config, '$.synthesizer', '$.method', '$.variant'),
  json_array(c.config ->> '$.evaluate.limit', c.config -> '$.dataset',
    c.config ->> '$.model.weights'),
  c.config ->> '$.evaluate.limit', c.config ->> '$.model.arch', c.config -> '$.protocol'
FROM configuration c WHERE c.id IN
  (SELECT t.configuration_id FROM trial t WHERE t.state = 'done' AND )" +
         filter.condition + ")";
}

// The trials of one configuration as they are read.
struct Samples {
  LeaderboardRow row;
  std::string counterparts;  // the same for configurations that differ in their images alone
  std::set<std::string> sweeps;
  std::set<int64_t> seeds;
  std::set<int64_t> evaluations;
  std::map<Column, std::vector<double>> values;

  void Add(const std::vector<Json>& trial) {
    for (const Json& name : ParseJson(trial[kSweeps].get<std::string>(), "sweeps of a trial")) {
      sweeps.insert(name.get<std::string>());
    }
    seeds.insert(trial[kSeed].get<int64_t>());
    if (!evaluations.insert(trial[kEvaluation].get<int64_t>()).second) return;
    for (const Column column : {kTop1, kAgreement, kFp32, kImages, kSizeBytes, kBitops, kSeconds,
                                kUntrained, kBestSnapshot, kHeldoutSnapshot}) {
      const Json& value = trial[column];
      if (value.is_number()) values[column].push_back(value.get<double>());
    }
  }

  void Finish() {
    const std::vector<double>& top1 = values[kTop1];
    row.sweep = Join({sweeps.begin(), sweeps.end()}, ", ");
    row.seeds.assign(seeds.begin(), seeds.end());
    row.n = static_cast<int>(evaluations.size());
    row.top1_mean = *Mean(top1);
    row.top1_std = SampleStd(top1);
    const auto bootstrapped = BcaInterval95(top1);
    if (const auto interval = bootstrapped ? bootstrapped : MeanInterval95(top1)) {
      row.top1_ci_low = interval->low;
      row.top1_ci_high = interval->high;
    }
    row.top1_best = *std::max_element(top1.begin(), top1.end());
    row.agreement = Mean(values[kAgreement]);
    row.fp32_top1 = Mean(values[kFp32]);
    if (row.fp32_top1) row.drop = *row.fp32_top1 - row.top1_mean;
    row.images = Mean(values[kImages]);
    row.size_bytes = Mean(values[kSizeBytes]);
    row.bitops = Mean(values[kBitops]);
    row.seconds_mean = Mean(values[kSeconds]);
    row.untrained_top1 = Mean(values[kUntrained]);
    row.best_snapshot_top1 = Mean(values[kBestSnapshot]);
    row.heldout_snapshot_top1 = Mean(values[kHeldoutSnapshot]);
  }
};

using Groups = std::map<int64_t, Samples>;  // by configuration

Groups ReadGroups(const ResultsReader& reader, const FilterSql& filter) {
  Groups groups;
  for (const auto& trial : reader.Query(TrialsSql() + filter.condition, filter.bindings).rows) {
    const auto [place, is_new] = groups.try_emplace(trial[kConfiguration].get<int64_t>());
    LeaderboardRow& row = place->second.row;
    if (is_new) {
      row.dataset = trial[kDataset];
      row.model = trial[kModel];
      row.method = trial[kMethod];
      row.w_bits = trial[kWBits];
      row.a_bits = trial[kABits];
      row.bits = trial[kBits];
      row.protocol = trial[kProtocol];
      row.variant = trial[kVariant];
      row.synthesizer = trial[kSynthesizer];
      row.configuration = place->first;
    }
    place->second.Add(trial);
  }
  for (const auto& of : reader.Query(ConfigurationsSql(filter), filter.bindings).rows) {
    const auto place = groups.find(of[0].get<int64_t>());
    if (place == groups.end()) continue;
    LeaderboardRow& row = place->second.row;
    place->second.counterparts = of[1];
    row.tested = of[2];
    if (of[3].is_number()) row.limit = of[3].get<int64_t>();
    if (of[4].is_string()) row.arch = of[4];
    if (of[5].is_string()) row.protocol_fields = ParseJson(of[5].get<std::string>(), "a protocol");
  }
  for (auto& [configuration, samples] : groups) samples.Finish();
  return groups;
}

void CompareWithReal(Groups& groups, const Groups& real) {
  using Key = std::pair<std::string, std::optional<double>>;  // counterparts, images
  std::map<Key, std::vector<double>> means;
  for (const auto& [configuration, samples] : real)
    means[{samples.counterparts, samples.row.images}].push_back(samples.row.top1_mean);
  for (auto& [configuration, samples] : groups) {
    const auto found = means.find({samples.counterparts, samples.row.images});
    if (samples.row.synthesizer != "real" && found != means.end() && found->second.size() == 1)
      samples.row.to_real = samples.row.top1_mean - found->second.front();
  }
}

void TellApart(Groups& groups, const ResultsReader& reader) {
  using Name =
      std::tuple<std::string, std::string, std::string, std::string, std::string, std::string>;
  std::map<Name, std::vector<int64_t>> configurations;
  for (const auto& [configuration, samples] : groups) {
    const LeaderboardRow& row = samples.row;
    configurations[{row.dataset, row.model, row.bits, row.method, row.protocol, row.variant}]
        .push_back(configuration);
  }
  for (const auto& [name, namesakes] : configurations) {
    if (namesakes.size() < 2) continue;
    std::vector<Json> configs;
    for (const int64_t id : namesakes) {
      const Table table = reader.Query("SELECT config FROM configuration WHERE id = ?", {id});
      configs.push_back(ParseJson(table.rows.at(0).at(0).get<std::string>(), "a configuration"));
    }
    const auto differences = Differences(configs);
    for (size_t i = 0; i < namesakes.size(); ++i)
      groups.at(namesakes[i]).row.settings = differences[i];
  }
}

void MarkIncomparable(Groups& groups) {
  using Block = std::tuple<std::string, std::string, std::string>;
  const auto block_of = [](const LeaderboardRow& row) {
    return Block{row.dataset, row.model, row.bits};
  };
  std::map<Block, std::set<std::pair<std::string, std::string>>> kinds;
  for (const auto& [configuration, samples] : groups)
    kinds[block_of(samples.row)].emplace(samples.row.protocol, samples.row.tested);
  for (auto& [configuration, samples] : groups)
    samples.row.not_comparable = kinds[block_of(samples.row)].size() > 1;
}

}  // namespace

std::vector<LeaderboardRow> Leaderboard(const ResultsReader& reader, const std::string& sweep,
                                        const Filter& where) {
  RequireSweep(reader, sweep);
  Groups groups = ReadGroups(reader, ToSql(sweep, where));
  Filter real = {{"synthesizer", "real"}};
  if (where.contains("seed")) real["seed"] = where.at("seed");
  CompareWithReal(groups, ReadGroups(reader, ToSql("", real)));
  MarkIncomparable(groups);
  TellApart(groups, reader);
  std::vector<LeaderboardRow> rows;
  for (auto& [configuration, samples] : groups) {
    rows.push_back(std::move(samples.row));
    if (!sweep.empty()) rows.back().sweep = sweep;
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::tie(a.dataset, a.model, b.w_bits, b.a_bits, a.bits, b.top1_mean, a.method) <
           std::tie(b.dataset, b.model, a.w_bits, a.a_bits, b.bits, a.top1_mean, b.method);
  });
  return rows;
}

bool HasIncomparable(const std::vector<LeaderboardRow>& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.not_comparable; });
}

std::string BitsName(const std::string& bits) {
  const size_t activations = bits.rfind('a');
  if (activations == std::string::npos || activations == 0) return bits;
  std::string weights = bits.substr(1, activations - 1);
  if (weights.starts_with("mp")) weights.replace(0, 2, "MP");
  return fmt::format("W{}A{}", weights, bits.substr(activations + 1));
}

}  // namespace zerosweep
