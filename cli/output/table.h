// Tables on stdout, in the format that the user asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "reports/text/display_table.h"
#include "reports/text/table_order.h"
#include "storage/results/results.h"

namespace zerosweep {

// Prints as --format says: an aligned table, JSON or CSV. The table is bold where base/terminal.h
// allows it, and cut to the width of a terminal.
void PrintTable(const Table& table, const Globals& globals);

// One thing as JSON: an array of one object, as every reading command prints.
void PrintObject(const Json& object);

// The aligned table, for --format table.
void PrintDisplayTable(const DisplayTable& people, const Globals& globals);

// --sort and --wide.
struct TableOptions {
  std::optional<std::string> sort;
  bool wide = false;
};
// Adds --sort.
void AddSort(CLI::App& app, TableOptions& options);

// The rows behind a table as --sort wants them. `table_of(rows)` is the table whose columns it
// names.
template <typename Row, typename TableOf>
std::vector<Row> Sorted(const std::vector<Row>& rows, const TableOptions& options,
                        TableOf table_of) {
  return options.sort ? Reordered(rows, RowOrder(table_of(rows), *options.sort)) : rows;
}

}  // namespace zerosweep
