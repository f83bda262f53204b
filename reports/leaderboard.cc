#include "reports/leaderboard.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "reports/differences.h"
#include "reports/statistics.h"

namespace zerosweep {
namespace {

// The numbers of a trial that a row tells the means of: metrics, each of the stage of one kind, and
// what its stages took.
enum Number {
  kTop1,
  kAgreement,
  kUntrained,
  kBestSnapshot,
  kHeldoutSnapshot,
  kFp32,
  kImages,
  kSizeBytes,
  kBitops,
  kSeconds,
  kNumbers
};
struct Metric {
  const char* of;  // a kind, or a metric that it comes with: most trials have neither
  const char* name;
};
constexpr std::array<Metric, kSeconds> kMetrics = {{{"evaluate", "top1"},
                                                    {"evaluate", "agreement"},
                                                    {"evaluate", "untrained_top1"},
                                                    {"untrained_top1", "best_top1"},
                                                    {"untrained_top1", "heldout_top1"},
                                                    {"teacher", "fp32_top1"},
                                                    {"synthesize", "images"},
                                                    {"quantize", "size_bytes"},
                                                    {"quantize", "bitops"}}};

// Columns of TrialsSql; then the numbers.
enum Column { kConfiguration, kSeed, kEvaluation, kSynthesized, kFirstNumber };

// One row a done trial that has an accuracy. Each of its stages is looked up once and its metrics
// from there: at 100,000 trials a sub-select for each number would be most of the time.
std::string TrialsSql(const FilterSql& filter) {
  std::string columns, joins;
  for (const char* kind : {"evaluate", "teacher", "synthesize", "quantize"})
    joins += fmt::format("LEFT JOIN trial_stage {0} ON {0}.trial_id = t.id AND {0}.kind = '{0}'\n",
                         kind);
  for (const auto& [of, name] : kMetrics) {
    columns += fmt::format(", {}.value", name);
    joins += fmt::format(
        "LEFT JOIN metric {0} ON {0}.stage_id = {1}.stage_id AND {0}.name = '{0}'\n", name, of);
  }
  return fmt::format(R"(SELECT t.configuration_id, t.seed, evaluate.stage_id, synthesize.stage_id{},
  (SELECT sum(g.seconds) FROM trial_stage x JOIN stage g ON g.id = x.stage_id
    WHERE x.trial_id = t.id)
FROM trial t
{}WHERE t.state = 'done' AND top1.value IS NOT NULL AND {})",
                     columns, joins, filter.condition);
}

// What the trials of a configuration have in common.
std::string ConfigurationsSql(const FilterSql& filter) {
  return fmt::format(R"(
WITH one AS (SELECT min(t.id) AS trial FROM trial t WHERE t.state = 'done' AND {}
  GROUP BY t.configuration_id)
SELECT c.id, t.dataset, t.model, t.method, t.w_bits, t.a_bits, t.bits, t.protocol, t.variant,
  t.synthesizer, json_remove(c.config, '$.synthesizer', '$.method', '$.variant'),
  json_array(c.config ->> '$.evaluate.limit', c.config -> '$.dataset',
    c.config ->> '$.model.weights'),
  c.config ->> '$.evaluate.limit', c.config ->> '$.model.arch', c.config -> '$.protocol',
  json_object('synthesizer', c.config -> '$.synthesizer.params',
    'quantizer', c.config -> '$.quantizer.params')
FROM one JOIN trial t ON t.id = one.trial JOIN configuration c ON c.id = t.configuration_id)",
                     filter.condition);
}

// The trials of one configuration as they are read.
struct Samples {
  LeaderboardRow row;
  std::string counterparts;  // the same for configurations that differ in their images alone
  std::set<int64_t> seeds;
  std::set<int64_t> evaluations;
  std::set<int64_t> image_sets;
  std::array<std::vector<double>, kNumbers> values;

  void Add(const std::vector<Json>& trial) {
    seeds.insert(trial[kSeed].get<int64_t>());
    if (!evaluations.insert(trial[kEvaluation].get<int64_t>()).second) return;
    if (trial[kSynthesized].is_number()) image_sets.insert(trial[kSynthesized].get<int64_t>());
    for (size_t i = 0; i < kNumbers; ++i) {
      const Json& value = trial[kFirstNumber + i];
      if (value.is_number()) values[i].push_back(value.get<double>());
    }
  }

  void Finish() {
    const std::vector<double>& top1 = values[kTop1];
    row.seeds.assign(seeds.begin(), seeds.end());
    row.n = static_cast<int>(evaluations.size());
    if (!image_sets.empty()) row.image_sets = static_cast<int>(image_sets.size());
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
  reader.ForEach(TrialsSql(filter), filter.bindings, [&groups](const std::vector<Json>& trial) {
    groups[trial[kConfiguration].get<int64_t>()].Add(trial);
  });
  for (const auto& of : reader.Query(ConfigurationsSql(filter), filter.bindings).rows) {
    const auto place = groups.find(of[0].get<int64_t>());
    if (place == groups.end()) continue;
    LeaderboardRow& row = place->second.row;
    row.configuration = place->first;
    row.dataset = of[1];
    row.model = of[2];
    row.method = of[3];
    row.w_bits = of[4];
    row.a_bits = of[5];
    row.bits = of[6];
    row.protocol = of[7];
    row.variant = of[8];
    row.synthesizer = of[9];
    place->second.counterparts = of[10];
    row.tested = of[11];
    if (of[12].is_number()) row.limit = of[12].get<int64_t>();
    if (of[13].is_string()) row.arch = of[13];
    if (of[14].is_string())
      row.protocol_fields = ParseJson(of[14].get<std::string>(), "a protocol");
    row.parameters = ParseJson(of[15].get<std::string>(), "parameters");
  }
  for (auto& [configuration, samples] : groups) samples.Finish();
  return groups;
}

// "demo", "another, demo": the sweeps that hold them, by name.
void NameSweeps(const ResultsReader& reader, const FilterSql& filter, Groups& groups) {
  const std::string sql =
      "SELECT DISTINCT t.configuration_id, s.name FROM trial t JOIN sweep_trial st ON st.trial_id "
      "= t.id JOIN sweep s ON s.id = st.sweep_id WHERE t.state = 'done' AND " +
      filter.condition + " ORDER BY s.name";
  for (const auto& of : reader.Query(sql, filter.bindings).rows) {
    const auto place = groups.find(of[0].get<int64_t>());
    if (place == groups.end()) continue;
    std::string& sweeps = place->second.row.sweep;
    sweeps += (sweeps.empty() ? "" : ", ") + of[1].get<std::string>();
  }
}

void CompareWithReal(Groups& groups, const Groups& real) {
  using Key = std::pair<std::string, std::optional<double>>;  // counterparts, images
  std::map<Key, std::vector<double>> means;
  for (const auto& [configuration, samples] : real)
    if (samples.row.synthesizer == "real")
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
  const FilterSql filter = ToSql(sweep, where);
  Groups groups = ReadGroups(reader, filter);
  if (sweep.empty() && where.empty()) {
    CompareWithReal(groups, groups);
  } else {
    Filter real = {{"synthesizer", "real"}};
    if (where.contains("seed")) real["seed"] = where.at("seed");
    CompareWithReal(groups, ReadGroups(reader, ToSql("", real)));
  }
  if (sweep.empty()) NameSweeps(reader, filter, groups);
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

std::string BitsName(const std::string& bits) {
  const size_t activations = bits.rfind('a');
  if (activations == std::string::npos || activations == 0) return bits;
  std::string weights = bits.substr(1, activations - 1);
  if (weights.starts_with("mp")) weights.replace(0, 2, "MP");
  return fmt::format("W{}A{}", weights, bits.substr(activations + 1));
}

}  // namespace zerosweep
