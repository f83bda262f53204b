#include "cli/output/table.h"

#include <unistd.h>

#include <cstdio>

#include "base/terminal.h"
#include "reports/text/table_text.h"

namespace zerosweep {
namespace {

void Print(const std::string& text) {
  // At the end, main checks whether all of it was printed.
  [[maybe_unused]] const size_t printed = std::fwrite(text.data(), 1, text.size(), stdout);
}

Terminal FindTerminal(const Globals& globals) {
  const Screen screen = ScreenOf(STDOUT_FILENO, globals.color);
  return {screen.styled, static_cast<size_t>(screen.columns)};
}

}  // namespace

void PrintDisplayTable(const DisplayTable& people, const Globals& globals) {
  Print(AlignedTable(people, FindTerminal(globals)));
}

void PrintTable(const Table& table, const Globals& globals) {
  if (globals.format == "json") {
    Print(TableAsJson(table));
  } else if (globals.format == "csv") {
    Print(TableAsCsv(table));
  } else {
    PrintDisplayTable({table, {}, {}, {}}, globals);
  }
}

void PrintObject(const Json& object) { Print(Json::array({object}).dump(1) + "\n"); }

void AddSort(CLI::App& app, TableOptions& options) {
  app.add_option("--sort", options.sort,
                 "Sort by columns of the JSON, '-' for descending: w_bits,-seconds_mean");
}

}  // namespace zerosweep
