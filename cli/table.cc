#include "cli/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "reports/table_text.h"

namespace zerosweep {
namespace {

void Print(const std::string& text) {
  // Whether all of it could be printed, main asks at the end.
  [[maybe_unused]] const size_t printed = std::fwrite(text.data(), 1, text.size(), stdout);
}

// What stdout is.
Terminal FindTerminal(const Globals& globals) {
  Terminal terminal;
  if (isatty(STDOUT_FILENO) == 0) return terminal;
  const char* no_color = std::getenv("NO_COLOR");
  terminal.bold = globals.color && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) terminal.width = size.ws_col;
  return terminal;
}

}  // namespace

void PrintForPeople(const PeopleTable& people, const Globals& globals) {
  Print(AlignedTable(people, FindTerminal(globals)));
}

void PrintTable(const Table& table, const Globals& globals) {
  if (globals.format == "json") {
    Print(TableAsJson(table));
  } else if (globals.format == "csv") {
    Print(TableAsCsv(table));
  } else {
    PrintForPeople({table, {}, {}, {}}, globals);
  }
}

void PrintObject(const Json& object) { Print(Json::array({object}).dump(1) + "\n"); }

void AddSort(CLI::App& app, TableOptions& options) {
  app.add_option("--sort", options.sort,
                 "Order by columns of the JSON, '-' for from high to low: w_bits,-seconds_mean");
}

}  // namespace zerosweep
