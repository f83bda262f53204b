#include "cli/output/export_output.h"

#include <algorithm>

#include "base/log.h"
#include "cli/output/table.h"

namespace zerosweep {

void SummariseExport(const WrittenNetwork& written) {
  if (written.scores) spdlog::info("form exported: {}", Sentence(*written.scores));
  if (!written.written) return;
  const Json& report = written.report;
  const Json& operators = report.at("operators");
  if (!operators.empty())
    spdlog::info("{} of {} convolutions, linear layers and additions run as integers",
                 std::count_if(operators.begin(), operators.end(),
                               [](const Json& one) { return one.at("integers").get<bool>(); }),
                 operators.size());
  if (const auto raised = report.at("raised_steps").get<int64_t>(); raised > 0)
    spdlog::warn("{} channels have larger steps than in the trial, so that their biases fit",
                 raised);
}

void PrintExport(const WrittenNetwork& written, const Globals& globals) {
  if (!written.written) {
    SummariseExport(written);
    return;
  }
  Table table{.columns = {"op", "type", "runs_as", "why"}};
  for (const Json& one : written.report.at("operators"))
    table.rows.push_back({one.at("op"), one.at("type"),
                          one.at("integers").get<bool>() ? "integers" : "float",
                          one.contains("why") ? one.at("why") : Json()});
  if (!table.rows.empty()) PrintTable(table, globals);
  SummariseExport(written);
}

}  // namespace zerosweep
