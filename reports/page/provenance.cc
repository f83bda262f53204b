#include "reports/page/provenance.h"

#include <algorithm>
#include <map>
#include <set>

#include "reports/leaderboard/leaderboard_columns.h"

namespace zerosweep {
namespace {

constexpr size_t kMostOrigins = 300;
constexpr size_t kMaxTrials = 12;         // for each row
constexpr size_t kMaxTrialsOfAll = 1000;  // in all; it keeps the page small enough to send

// One row for each stage of each trial, with the columns below. From kFirstFact on, these are facts
// of the stage under their names.
std::string StagesSql(const FilterSql& filter, const std::string& configurations,
                      size_t max_trials) {
  const std::string scores = fmt::format(" {} ", fmt::join(kScores, " "));
  return fmt::format(R"sql(
WITH chosen AS (
  SELECT t.id AS id, t.configuration_id AS configuration, t.name AS name, t.seed AS seed,
    revisions, row_number() OVER (PARTITION BY t.configuration_id, revisions
      ORDER BY t.seed, t.id) AS place,
    count(*) OVER (PARTITION BY t.configuration_id, revisions) AS trials
  FROM (SELECT t.*, {} AS revisions FROM trial t WHERE t.state = 'done' AND {}
    AND t.configuration_id IN ({})) t)
SELECT c.configuration, c.revisions, c.trials, substr(c.name, 1, 12), c.seed, g.id,
  (SELECT m.value FROM metric m WHERE m.stage_id = g.id AND x.kind = 'evaluate'
    AND instr('{}', ' ' || m.name || ' ') ORDER BY instr('{}', ' ' || m.name || ' ') LIMIT 1),
  x.kind AS kind,
  d.implementation AS implementation, d.revision AS revision, substr(g.name, 1, 12) AS stage,
  substr(a.digest, 1, 12) AS artifact, g.seconds AS seconds,
  strftime('%Y-%m-%dT%H:%M:%SZ', p.ended, 'unixepoch') AS ended, p.device AS device,
  p.threads AS threads, p.signature_id AS machine
FROM chosen c JOIN trial_stage x ON x.trial_id = c.id JOIN stage g ON g.id = x.stage_id
JOIN design d ON d.id = g.design_id
LEFT JOIN artifact a ON a.id = g.artifact_id
LEFT JOIN attempt p ON p.stage_id = g.id AND p.outcome = 'done'
WHERE c.place <= {} ORDER BY c.configuration, c.revisions, c.place, g.id, p.number)sql",
                     kRevisionsSql, filter.condition, configurations, scores, scores, max_trials);
}

enum Column { kConfiguration, kRevisions, kTrials, kTrial, kSeed, kStage, kScore, kFirstFact };

std::string Key(const Json& id) { return std::to_string(id.get<int64_t>()); }

Json RowOf(const LeaderboardRow& row) {
  Json of = {{"title", fmt::format("{} {}: {}, {}", MethodName(row), BitsName(row.bits), row.model,
                                   row.dataset)},
             {"sweep", row.sweep},
             {"score", HeadingOfScore(row)},
             {"protocol", row.protocol},
             {"trials", Json::array()},
             {"more", 0}};
  if (row.score_ci_low) of["interval"] = {*row.score_ci_low, *row.score_ci_high};
  if (row.published) {
    of["published"] = *row.published;
    of["published_source"] = row.published_source.value_or("");
  }
  return of;
}

Json StageOf(const std::vector<std::string>& columns, const std::vector<Json>& row) {
  Json stage;
  for (size_t c = kFirstFact; c < columns.size(); ++c) stage[columns[c]] = row[c];
  return stage;
}

// Adds a stage (its row of the query and StageOf) to its trial, which is the last one of its row.
void AddStage(const std::vector<Json>& row, const Json& facts, Json& of) {
  Json& trials = of["trials"];
  if (trials.empty() || trials.back().at("trial") != row[kTrial]) {
    trials.push_back({{"trial", row[kTrial]},
                      {"seed", row[kSeed]},
                      {"score", Json()},
                      {"stages", Json::array()}});
  }
  Json& trial = trials.back();
  if (facts.at("kind") == "evaluate") trial["score"] = row[kScore];
  Json& stages = trial["stages"];
  if (stages.empty() || stages.back() != row[kStage]) stages.push_back(row[kStage]);
}

Json Machines(const ResultsReader& reader, const Json& stages) {
  std::set<int64_t> ids;
  for (const Json& stage : stages)
    if (!stage.at("machine").is_null()) ids.insert(stage.at("machine").get<int64_t>());
  const std::string sql =
      fmt::format("SELECT id, facts FROM signature WHERE id IN ({})", fmt::join(ids, ","));
  Json machines = Json::object();
  for (const auto& row : reader.Query(sql).rows)
    machines[Key(row[0])] = ParseJson(row[1].get<std::string>(), "a signature");
  return machines;
}

}  // namespace

Json ReadProvenance(const ResultsReader& reader, const FilterSql& filter,
                    const std::vector<LeaderboardRow>& rows) {
  std::set<int64_t> ids;
  std::map<int64_t, std::vector<std::string>> by_configuration;
  Json of = Json::object(), stages = Json::object();
  for (const LeaderboardRow& row : rows) {
    if (of.size() == kMostOrigins) break;
    ids.insert(row.configuration);
    of[row.key] = RowOf(row);
    by_configuration[row.configuration].push_back(row.key);
  }
  const std::string list = fmt::format("{}", fmt::join(ids, ","));
  const Table configurations =
      reader.Query("SELECT id, config FROM configuration WHERE id IN (" + list + ")");
  for (const auto& row : configurations.rows)
    for (const std::string& key : by_configuration[row[0].get<int64_t>()])
      of[key]["config"] = ParseJson(row[1].get<std::string>(), "a configuration");
  const size_t max_trials = std::min(kMaxTrials, kMaxTrialsOfAll / std::max<size_t>(of.size(), 1));
  const Table table = reader.Query(StagesSql(filter, list, max_trials), filter.bindings);
  for (const auto& row : table.rows) {
    const auto place =
        of.find(RowKey(row[kConfiguration].get<int64_t>(), row[kRevisions].get<std::string>()));
    if (place == of.end()) continue;  // beyond the first rows
    const Json stage = StageOf(table.columns, row);
    AddStage(row, stage, *place);
    (*place)["more"] =
        row[kTrials].get<int64_t>() - static_cast<int64_t>(place->at("trials").size());
    stages[Key(row[kStage])] = stage;
  }
  Json machines = Machines(reader, stages);
  return {
      {"rows", std::move(of)}, {"stages", std::move(stages)}, {"machines", std::move(machines)}};
}

}  // namespace zerosweep
