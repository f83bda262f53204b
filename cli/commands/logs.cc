// logs: what the process of an attempt printed.
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "base/log.h"
#include "cli/output/table.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"

namespace zerosweep {
namespace {

// The latest attempt of the thing; for a trial, failed attempts come before others.
Table LatestAttempt(const ResultsReader& reader, const NamedThing& thing) {
  static constexpr const char* kWhere[] = {
      ("stage IN (SELECT stage FROM v_trial_stage WHERE trial = ?) ORDER BY outcome = 'failed' "
       "DESC, started DESC, number DESC"),
      "stage = ? ORDER BY number DESC", "attempt = ?"};
  return reader.Query(fmt::format("SELECT attempt, kind, number, coalesce(log_tail, '') FROM "
                                  "v_attempt WHERE {} LIMIT 1",
                                  kWhere[static_cast<int>(thing.kind)]),
                      {thing.name});
}

int RunLogs(const std::string& id, const Globals& globals) {
  const ResultsReader reader = OpenResults(globals);
  const Table found = LatestAttempt(reader, FindByPrefix(reader, id));
  if (found.rows.empty()) Fail(ErrorKind::kUsage, "{} has not been tried yet: there is no log", id);
  const auto& row = found.rows.front();
  const std::string attempt = row[0];
  spdlog::info("{}, attempt {} ({})", row[1].get<std::string>(), row[2].get<int>(), attempt);
  const std::filesystem::path path = globals.home().log(attempt);
  const std::string text = IsFile(path) ? ReadFile(path) : row[3].get<std::string>();
  if (globals.format != "table") {
    PrintTable({{"attempt", "kind", "number", "log"}, {{row[0], row[1], row[2], text}}}, globals);
    return kExitOk;
  }
  if (text.empty()) spdlog::info("it printed nothing");
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kExitOk;
}

const RegisterCommand kLogs{"logs", "Show what a stage printed",
                            [](CLI::App& app, std::string& id) {
                              app.add_option("id", id,
                                             "First characters of a stage, attempt or trial id")
                                  ->type_name(kind::kId)
                                  ->required();
                            },
                            RunLogs};

}  // namespace
}  // namespace zerosweep
