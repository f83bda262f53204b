#include "cli/home_action.h"

#include <map>
#include <optional>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "cluster/run/signals.h"
#include "reports/compare/published.h"
#include "reports/leaderboard/filter.h"
#include "storage/upkeep/requests.h"

namespace zerosweep {
namespace {

constexpr double kReplySeconds = 120;
constexpr double kLookSeconds = 1;  // between two checks of the holder and of signals

Json ActUnderTheLock(const Home& home, const Json& request) {
  HomeLock lock(home, SystemClock());
  ResultsWriter writer(home, lock);
  writer.SetPublished(PublishedNumbers());
  Json reply = ExecuteRequest(home, writer, request);
  writer.PublishSnapshot();
  return reply;
}

// Returns the holder's reply. Returns nullopt, after withdrawing the request, when the holder ended
// before it read the request.
std::optional<Json> AskTheHolder(const Home& home, const Json& request) {
  const DrainSignals signals;
  const Clock& clock = SystemClock();
  const std::string id = DropRequest(home, request);
  spdlog::info("the home is in use: asking its coordinator, which looks every 2 s");
  const double start = clock.Monotonic();
  const auto waited = [&] { return clock.Monotonic() - start; };
  bool held = true;
  while (held && waited() < kReplySeconds && !signals.Requested()) {
    if (auto reply = WaitForReply(home, id, clock, kLookSeconds)) return reply;
    held = HomeLock::IsHeld(home);
  }
  WithdrawRequest(home, id);
  if (auto reply = WaitForReply(home, id, clock, 0)) return reply;
  if (!held) return std::nullopt;
  if (signals.Requested())
    Fail(ErrorKind::kStorage, "interrupted: the request to the holder of {} was taken back",
         home.folder.string());
  Fail(ErrorKind::kStorage,
       "the process that holds {} did not answer within {:.0f} s: look at `zerosweep status`, try "
       "again, or end it",
       home.folder.string(), kReplySeconds);
}

// Checks that the id names a trial, or a stage and so its trials.
void RequireKnown(const ResultsReader& reader, const std::string& id) {
  RequireIdPrefix(id);
  const Table found = reader.Query(
      "SELECT 1 FROM trial WHERE substr(name, 1, ?1) = ?2 UNION ALL "
      "SELECT 1 FROM stage WHERE substr(name, 1, ?1) = ?2 LIMIT 1",
      {id.size(), id});
  if (found.rows.empty()) {
    Fail(ErrorKind::kUsage,
         "no trial or stage begins with '{}': `zerosweep query 'SELECT trial, "
         "state FROM v_trial'` lists them",
         id);
  }
}

}  // namespace

Json ActOnHome(const Home& home, const Json& request, bool may_be_new) {
  if (!may_be_new && !IsFile(home.database())) {
    Fail(ErrorKind::kStorage,
         "there is no results.db in {}: run a sweep first, or name another --home",
         home.folder.string());
  }
  std::optional<Json> reply;
  if (HomeLock::IsHeld(home)) reply = AskTheHolder(home, request);
  if (!reply) reply.emplace(ActUnderTheLock(home, request));
  if (!reply->value("ok", false)) {
    Fail(ErrorKind::kUsage, "{}", reply->value("error", "the request was refused"));
  }
  return *reply;
}

void AddSelection(CLI::App& app, TrialSelection& selection) {
  app.add_option("id", selection.ids, "Trials or stages, by the first 6 or more characters of id")
      ->type_name(kind::kId);
  app.add_option("--sweep", selection.sweep, "Trials of this sweep only")->type_name(kind::kSweep);
  app.add_option("--where", selection.where, "Trials that match, as method=zeroq,bits=w4a4");
}

std::vector<SelectedTrial> Select(const ResultsReader& reader, const TrialSelection& selection,
                                  const std::vector<std::string>& states) {
  RequireSweep(reader, selection.sweep);
  FilterSql filter = ToSql(selection.sweep, ParseFilter(selection.where));
  std::string by_id;
  for (const std::string& id : selection.ids) {
    RequireKnown(reader, id);
    by_id += by_id.empty() ? " AND (" : " OR ";
    by_id +=
        "substr(t.name, 1, ?) = ? OR t.id IN (SELECT trial_id FROM trial_stage JOIN stage "
        "ON stage.id = stage_id WHERE substr(stage.name, 1, ?) = ?)";
    for (int twice = 0; twice < 2; ++twice) {
      filter.bindings.emplace_back(id.size());
      filter.bindings.emplace_back(id);
    }
  }
  if (!by_id.empty()) by_id += ")";
  const std::string in_states = "'" + Join(states, "', '") + "'";
  const Table table = reader.Query(
      fmt::format("SELECT t.name, g.name FROM trial t JOIN trial_stage x ON x.trial_id = t.id "
                  "LEFT JOIN stage g ON g.id = x.stage_id AND g.state IN ({0}) "
                  "WHERE t.state IN ({0}) AND {1}{2}",
                  in_states, filter.condition, by_id),
      filter.bindings);
  std::map<std::string, std::vector<std::string>> stages;
  for (const auto& row : table.rows) {
    std::vector<std::string>& names = stages[row[0]];
    if (row[1].is_string()) names.push_back(row[1]);
  }
  std::vector<SelectedTrial> selected;
  for (auto& [trial, names] : stages) selected.push_back({trial, std::move(names)});
  return selected;
}

}  // namespace zerosweep
