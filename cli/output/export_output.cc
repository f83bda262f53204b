#include "cli/output/export_output.h"

#include "base/log.h"
#include "cli/output/table.h"

namespace zerosweep {

void PrintExport(const Json& report, const Globals& globals) {
  if (report.at("operators").empty()) return;
  Table table{.columns = {"op", "type", "runs_as", "why"}};
  size_t integers = 0;
  for (const Json& one : report.at("operators")) {
    const bool as_integers = one.at("integers");
    integers += as_integers ? 1 : 0;
    table.rows.push_back({one.at("op"), one.at("type"), as_integers ? "integers" : "float",
                          one.contains("why") ? one.at("why") : Json()});
  }
  PrintTable(table, globals);
  spdlog::info("{} of {} convolutions, linear layers and additions run as integers", integers,
               table.rows.size());
  if (const auto raised = report.at("raised_steps").get<int64_t>(); raised > 0)
    spdlog::warn("{} channels have larger steps than in the trial, so that their biases fit",
                 raised);
}

}  // namespace zerosweep
