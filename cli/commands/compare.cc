// compare: our results with the papers' numbers, or methods with one of them.
#include "reports/compare/compare.h"

#include <algorithm>

#include "base/log.h"
#include "cli/output/table.h"
#include "cli/paper_settings.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "reports/compare/versus.h"

namespace zerosweep {
namespace {

struct CompareOptions {
  std::string sweep, where, versus;
  TableOptions table;
  ComparisonFilter filter;
};

int PrintVersus(const CompareOptions& options, const Globals& globals) {
  const auto rows = Sorted(Versus(OpenResults(globals), PapersOwn(), SweepName(options.sweep),
                                  ParseFilter(options.where), options.versus),
                           options.table, VersusTable);
  if (globals.format != "table") {
    PrintTable(VersusTable(rows), globals);
    return kExitOk;
  }
  if (rows.empty()) {
    spdlog::info(
        "no method has results to compare with {} on the same bits, teacher and test images",
        options.versus);
    return kExitOk;
  }
  PrintDisplayTable(VersusForPeople(rows), globals);
  fmt::print("\n");
  for (const VersusRow& row : rows)
    fmt::print("{} {} {}: {}\n", row.method.dataset, row.method.model, BitsName(row.method.bits),
               Conclusion(row));
  fmt::print("\n{}\n", kVersusNote);
  return kExitOk;
}

int PrintPublished(const CompareOptions& options, const Globals& globals) {
  const PaperSettings papers = PapersOwn();
  const auto board = Leaderboard(OpenResults(globals), papers, SweepName(options.sweep),
                                 ParseFilter(options.where));
  const auto rows = Sorted(Compare(board, papers, options.filter), options.table, ComparisonTable);
  if (globals.format != "table") {
    PrintTable(ComparisonTable(rows), globals);
    return kExitOk;
  }
  PrintDisplayTable(options.table.wide ? WideComparison(rows)
                                       : NarrowComparison(rows, options.table.sort.has_value()),
                    globals);
  fmt::print("{}\n", kComparisonNote);
  const auto both = std::ranges::count_if(
      rows, [](const Comparison& row) { return row.published != nullptr && row.ours != nullptr; });
  spdlog::info("{} of {} rows have a number on both sides", both, rows.size());
  return kExitOk;
}

int RunCompare(const CompareOptions& options, const Globals& globals) {
  return options.versus.empty() ? PrintPublished(options, globals) : PrintVersus(options, globals);
}

const RegisterCommand kCompare{
    "compare", "Compare results with the papers' numbers, or methods with one of them",
    [](CLI::App& app, CompareOptions& options) {
      app.add_option("sweep", options.sweep, "A sweep's name or file (default: all sweeps)")
          ->type_name(kind::kSweep);
      CLI::Option* paper =
          app.add_option("--paper", options.filter.paper, "Numbers of this paper: genie, brecq, …")
              ->type_name(kind::kPaper);
      CLI::Option* method = app.add_option("--method", options.filter.method,
                                           "Numbers of this method: zeroq, 'Genie-M', …");
      CLI::Option* model = app.add_option("--model", options.filter.model,
                                          "Numbers of this network: resnet18, MobileNetV2, …");
      CLI::Option* recalled = app.add_flag("--recalled", options.filter.recalled,
                                           "Also numbers from memory, in parentheses");
      AddSort(app, options.table);
      CLI::Option* wide =
          app.add_flag("--wide", options.table.wide, "Every column, with the differences in words");
      app.add_option("--where", options.where,
                     "Only trials of ours that match, as method=zeroq,bits=w4a4");
      app.add_option(
             "--versus", options.versus,
             "Instead: every method against this one, on the seeds and test images that both "
             "have")
          ->type_name(kind::kRecipe)
          ->excludes(paper)
          ->excludes(method)
          ->excludes(model)
          ->excludes(recalled)
          ->excludes(wide);
    },
    RunCompare};

}  // namespace
}  // namespace zerosweep
