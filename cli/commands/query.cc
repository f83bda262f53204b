// query: read-only SQL over the documented views.
#include "base/log.h"
#include "cli/output/table.h"
#include "cli/reading.h"

namespace zerosweep {
namespace {

struct Options {
  std::string sql;
  size_t limit = 1'000'000;
  double timeout = 60;
};

int RunQuery(const Options& options, const Globals& globals) {
  const Table table = OpenResults(globals).Query(options.sql, {}, options.limit, options.timeout);
  PrintTable(table, globals);
  if (table.truncated) spdlog::warn("cut after {} rows: see --limit", options.limit);
  return kExitOk;
}

const RegisterCommand kQuery{
    "query", "Run a SELECT over the views of docs/schema.md",
    [](CLI::App& app, Options& options) {
      app.add_option("sql", options.sql, "SELECT … FROM v_trial, v_stage, v_attempt, v_metric, …")
          ->required();
      app.add_option("--limit", options.limit, "Greatest number of rows");
      app.add_option("--timeout", options.timeout, "Time limit in seconds")
          ->check(CLI::PositiveNumber);
    },
    RunQuery};

}  // namespace
}  // namespace zerosweep
