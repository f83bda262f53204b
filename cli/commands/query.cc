// query: read-only SQL over the documented views.
#include "base/log.h"
#include "cli/output/table.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"

namespace zerosweep {
namespace {

struct QueryOptions {
  std::string sql;
  size_t limit = 1'000'000;
  double timeout = 60;
};

int RunQuery(const QueryOptions& options, const Globals& globals) {
  const Table table = OpenResults(globals).Query(options.sql, {}, options.limit, options.timeout);
  PrintTable(table, globals);
  if (table.truncated) spdlog::warn("cut after {} rows: see --limit", options.limit);
  return kExitOk;
}

const RegisterCommand kQuery{
    "query", "Run a SELECT over the views of docs/schema.md",
    [](CLI::App& app, QueryOptions& options) {
      app.add_option("sql", options.sql, "SELECT … FROM v_trial, v_stage, v_attempt, v_metric, …")
          ->required();
      app.add_option("--limit", options.limit, "Greatest number of rows")->type_name(kind::kNumber);
      app.add_option("--timeout", options.timeout, "Time limit in seconds")
          ->type_name(kind::kSeconds)
          ->check(CLI::PositiveNumber);
    },
    RunQuery};

}  // namespace
}  // namespace zerosweep
