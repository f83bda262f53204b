#include "reports/leaderboard/leaderboard.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "base/text.h"
#include "reports/leaderboard/leaderboard_columns.h"
#include "reports/leaderboard/row_settings.h"
#include "reports/leaderboard/statistics.h"

namespace zerosweep {
namespace {

// The columns that are means of a metric.
const std::vector<const LeaderboardColumn*>& MetricColumns() {
  static const auto columns = [] {
    std::vector<const LeaderboardColumn*> found;
    for (const LeaderboardColumn& column : LeaderboardColumns())
      if (!column.source.name.empty()) found.push_back(&column);
    return found;
  }();
  return columns;
}

// The numbers of a trial; the metrics of MetricColumns follow them.
enum Number { kTop1, kEvaluated, kSeconds, kFirstMetric };

// The number of a metric's column. REQUIRES: there is one.
size_t NumberOf(const std::string& column) {
  const auto& columns = MetricColumns();
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const auto* one) { return one->name == column; });
  return kFirstMetric + static_cast<size_t>(found - columns.begin());
}

// The columns of TrialsSql; the numbers follow them.
enum Column { kConfiguration, kRevisions, kSeed, kEvaluation, kSynthesized, kFirstNumber };

// One row for each done trial with a score: without top-1 it has "sqnr". Each stage is looked up once and its metrics are
// read from there: with 100,000 trials, a sub-select for each number would take most of the time.
std::string TrialsSql(const FilterSql& filter) {
  std::string columns, joins;
  for (const char* kind : {"evaluate", "teacher", "synthesize", "quantize"})
    joins += fmt::format("LEFT JOIN trial_stage {0} ON {0}.trial_id = t.id AND {0}.kind = '{0}'\n",
                         kind);
  const auto join = [&joins](const std::string& column, const MetricSource& source) {
    joins +=
        fmt::format("LEFT JOIN metric {0} ON {0}.stage_id = {1}.stage_id AND {0}.name = '{2}'\n",
                    column, source.of, source.name);
  };
  join("top1", {"evaluate", "top1"});
  join("evaluated", {"evaluate", "images"});
  for (const LeaderboardColumn* column : MetricColumns()) {
    columns += fmt::format(", {}.value", column->name);
    join(column->name, column->source);
  }
  return fmt::format(
      R"(SELECT t.configuration_id, {}, t.seed, evaluate.stage_id, synthesize.stage_id,
  top1.value, evaluated.value,
  (SELECT sum(g.seconds) FROM trial_stage x JOIN stage g ON g.id = x.stage_id
    WHERE x.trial_id = t.id){}
FROM trial t
{}WHERE t.state = 'done' AND (top1.value IS NOT NULL OR sqnr.value IS NOT NULL) AND {})",
      kRevisionsSql, columns, joins, filter.condition);
}

// The fields that the trials of a configuration share.
std::string ConfigurationsSql(const FilterSql& filter) {
  std::vector<std::string> common;
  for (const std::string& section : CommonSections()) common.push_back("'$." + section + "'");
  return fmt::format(R"(
SELECT c.id, c.dataset, c.model, c.method, c.w_bits, c.a_bits, c.bits, c.protocol, c.variant,
  c.synthesizer, json_remove(c.config, '$.synthesizer', '$.method', '$.variant'),
  json_array(c.config ->> '$.evaluate.limit', c.config -> '$.dataset',
    c.config ->> '$.model.weights'),
  c.config ->> '$.evaluate.limit', c.config ->> '$.model.arch', c.config -> '$.protocol',
  c.quantizer, json_remove(c.config, {}), {},
  json_remove(c.config, '$.evaluate.form', '$.evaluate.integer')
FROM configuration c
WHERE c.id IN (SELECT t.configuration_id FROM trial t WHERE t.state = 'done' AND {}))",
                     Join(common, ", "), kFormSql, filter.condition);
}

// The trials of one row while they are read.
struct Samples {
  LeaderboardRow row;
  bool exported = false;     // whether it is evaluated in the exported form
  std::string network;       // equal for configurations that evaluate one network in both forms
  std::string counterparts;  // equal for configurations that differ only in their images
  Json method;               // the parts of its configuration that belong to the method
  std::set<int64_t> seeds;
  std::set<int64_t> evaluations;
  std::set<int64_t> image_sets;
  std::vector<std::vector<double>> values;  // by number

  void Add(const std::vector<Json>& trial) {
    seeds.insert(trial[kSeed].get<int64_t>());
    if (!evaluations.insert(trial[kEvaluation].get<int64_t>()).second) return;
    if (trial[kSynthesized].is_number()) image_sets.insert(trial[kSynthesized].get<int64_t>());
    values.resize(trial.size() - kFirstNumber);
    for (size_t i = 0; i < values.size(); ++i) {
      const Json& value = trial[kFirstNumber + i];
      if (value.is_number()) values[i].push_back(value.get<double>());
    }
  }

  // Chooses the score.
  const std::vector<double>& Scores() {
    for (const char* name : kScores) {
      const std::vector<double>& of =
          std::string_view(name) == "top1" ? values[kTop1] : values[NumberOf(name)];
      row.ranked_by = name;
      if (!of.empty()) return of;
    }
    Fail(ErrorKind::kStorage, "configuration {} has trials without a score: run `zerosweep fsck`",
         row.configuration);
  }

  void Finish() {
    const std::vector<double>& scores = Scores();
    row.seeds.assign(seeds.begin(), seeds.end());
    row.n = static_cast<int>(evaluations.size());
    if (!image_sets.empty()) row.image_sets = static_cast<int>(image_sets.size());
    row.score_mean = *Mean(scores);
    row.score_std = SampleStd(scores);
    const auto bootstrapped = BcaInterval95(scores);
    if (const auto interval = bootstrapped ? bootstrapped : MeanInterval95(scores)) {
      row.score_ci_low = interval->low;
      row.score_ci_high = interval->high;
    }
    row.score_best = *std::max_element(scores.begin(), scores.end());
    row.seconds_mean = Mean(values[kSeconds]);
    const auto& columns = MetricColumns();
    for (size_t i = 0; i < columns.size(); ++i)
      if (const auto mean = Mean(values[kFirstMetric + i])) row.means[columns[i]->name] = *mean;
    row.kl_std = SampleStd(values[NumberOf("kl")]);
    if (const auto teacher = row.mean("fp32_top1"); teacher && row.has_top1())
      row.drop = *teacher - row.score_mean;
  }
};

using Groups = std::map<std::pair<int64_t, std::string>, Samples>;  // configuration, revisions

// "quantize 2,teacher 1" → {"quantize": 2, "teacher": 1}
Json ParseRevisions(const std::string& text) {
  Json revisions = Json::object();
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const size_t blank = word.find(' ');
    revisions[word.substr(0, blank)] = std::stoi(word.substr(blank + 1));
  }
  return revisions;
}

// Fills in what a row of ConfigurationsSql says about its configuration.
void Describe(const std::vector<Json>& of, Samples& samples) {
  LeaderboardRow& row = samples.row;
  row.dataset = of[1];
  row.model = of[2];
  row.method = of[3];
  row.w_bits = of[4];
  row.a_bits = of[5];
  row.bits = of[6];
  row.protocol = of[7];
  row.variant = of[8];
  row.synthesizer = of[9];
  samples.counterparts = of[10];
  row.tested = of[11];
  if (of[12].is_number()) row.limit = of[12].get<int64_t>();
  if (of[13].is_string()) row.arch = of[13];
  if (of[14].is_string()) row.protocol_fields = ParseJson(of[14].get<std::string>(), "a protocol");
  row.quantizer = of[15];
  const Json method = ParseJson(of[16].get<std::string>(), "a method");
  for (const auto& [part, value] : method.items())
    if (!value.is_null()) samples.method[part] = value;
  samples.exported = of[17] == "exported";
  samples.network = of[18].get<std::string>() + row.model + row.method + row.bits + row.protocol;
}

// In `tested`, replaces the limit (test images requested) by the number tested. A limit that
// allowed all images counts as none.
void CountTested(Groups& groups) {
  std::set<std::string> whole;  // tests on all images
  for (auto& [key, samples] : groups) {
    LeaderboardRow& row = samples.row;
    const std::vector<double>& evaluated = samples.values[kEvaluated];
    if (!evaluated.empty()) {
      const auto images = static_cast<int64_t>(evaluated.front());
      row.test_images = images;
      Json tested = ParseJson(row.tested, "a test set");
      tested[0] = images;
      row.tested = tested.dump();
      if (images < row.limit) row.limit = 0;
    }
    if (row.limit == 0) whole.insert(row.tested);
  }
  for (auto& [key, samples] : groups)
    if (whole.contains(samples.row.tested)) samples.row.limit = 0;
}

Groups ReadGroups(const ResultsReader& reader, const FilterSql& filter) {
  Groups groups;
  reader.ForEach(TrialsSql(filter), filter.bindings, [&groups](const std::vector<Json>& trial) {
    groups[{trial[kConfiguration].get<int64_t>(), trial[kRevisions].get<std::string>()}].Add(trial);
  });
  for (const auto& of : reader.Query(ConfigurationsSql(filter), filter.bindings).rows) {
    const int64_t configuration = of[0].get<int64_t>();
    for (auto place = groups.lower_bound({configuration, ""});
         place != groups.end() && place->first.first == configuration; ++place)
      Describe(of, place->second);
  }
  for (auto& [key, samples] : groups) {
    samples.row.key = RowKey(key.first, key.second);
    samples.row.configuration = key.first;
    samples.row.revisions = ParseRevisions(key.second);
    samples.Finish();
  }
  CountTested(groups);
  return groups;
}

// Sets the sweeps that hold each row, sorted by name: "demo", "another, demo".
void NameSweeps(const ResultsReader& reader, const FilterSql& filter, Groups& groups) {
  const std::string sql =
      "SELECT DISTINCT t.configuration_id, s.name FROM trial t JOIN sweep_trial st ON st.trial_id "
      "= t.id JOIN sweep s ON s.id = st.sweep_id WHERE t.state = 'done' AND " +
      filter.condition + " ORDER BY s.name";
  std::map<int64_t, std::string> sweeps;  // by configuration
  for (const auto& of : reader.Query(sql, filter.bindings).rows) {
    std::string& names = sweeps[of[0].get<int64_t>()];
    names += (names.empty() ? "" : ", ") + of[1].get<std::string>();
  }
  for (auto& [key, samples] : groups) samples.row.sweep = sweeps[key.first];
}

// Equal for rows that differ only in their images.
auto CounterpartsOf(const Samples& samples) {
  Json revisions = samples.row.revisions;
  revisions.erase("synthesize");
  return std::tuple(samples.counterparts, revisions.dump(), samples.row.mean("images"));
}

void CompareWithReal(Groups& groups, const Groups& real) {
  std::map<decltype(CounterpartsOf(Samples())), std::vector<double>> means;
  for (const auto& [key, samples] : real)
    if (samples.row.synthesizer == "real")
      means[CounterpartsOf(samples)].push_back(samples.row.score_mean);
  for (auto& [key, samples] : groups) {
    const auto found = means.find(CounterpartsOf(samples));
    if (samples.row.synthesizer != "real" && found != means.end() && found->second.size() == 1)
      samples.row.to_real = samples.row.score_mean - found->second.front();
  }
}

// Results of both forms of one network are no rivals: the papers' form stands for it.
void LeaveOutExported(Groups& groups) {
  std::set<std::string> shown;
  for (const auto& [key, samples] : groups)
    if (!samples.exported) shown.insert(samples.network);
  std::erase_if(groups, [&](const auto& group) {
    return group.second.exported && shown.contains(group.second.network);
  });
}

void MarkIncomparable(Groups& groups) {
  using Block = std::tuple<std::string, std::string, std::string>;
  const auto block_of = [](const LeaderboardRow& row) {
    return Block{row.dataset, row.model, row.bits};
  };
  std::map<Block, std::set<std::pair<std::string, std::string>>> kinds;
  for (const auto& [key, samples] : groups)
    kinds[block_of(samples.row)].emplace(samples.row.protocol, samples.row.tested);
  for (auto& [key, samples] : groups)
    samples.row.not_comparable = kinds[block_of(samples.row)].size() > 1;
}

}  // namespace

std::string RowKey(int64_t configuration, const std::string& revisions) {
  return fmt::format("{}:{}", configuration, revisions);
}

std::vector<LeaderboardRow> Leaderboard(const ResultsReader& reader, const PaperSettings& papers,
                                        const std::string& sweep, const Filter& where) {
  RequireSweep(reader, sweep);
  const FilterSql filter = ToSql(sweep, where);
  Groups groups = ReadGroups(reader, filter);
  if (!where.contains("form")) LeaveOutExported(groups);
  if (sweep.empty() && where.empty()) {
    CompareWithReal(groups, groups);
  } else {
    Filter real = {{"synthesizer", "real"}};
    if (where.contains("seed")) real["seed"] = where.at("seed");
    CompareWithReal(groups, ReadGroups(reader, ToSql("", real)));
  }
  if (sweep.empty()) NameSweeps(reader, filter, groups);
  MarkIncomparable(groups);
  std::vector<RowAndMethod> named;
  for (auto& [key, samples] : groups) named.push_back({&samples.row, &samples.method});
  NameSettings(named, reader, papers);
  std::vector<LeaderboardRow> rows;
  for (auto& [key, samples] : groups) {
    rows.push_back(std::move(samples.row));
    if (!sweep.empty()) rows.back().sweep = sweep;
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    const double kl_a = a.mean("kl").value_or(0), kl_b = b.mean("kl").value_or(0);
    // "top1" comes before the other scores.
    return std::tie(a.dataset, a.model, b.w_bits, b.a_bits, a.bits, b.ranked_by, b.score_mean, kl_a,
                    a.method) < std::tie(b.dataset, b.model, a.w_bits, a.a_bits, b.bits,
                                         a.ranked_by, a.score_mean, kl_b, b.method);
  });
  return rows;
}

}  // namespace zerosweep
