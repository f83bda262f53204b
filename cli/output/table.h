// Prints tables on stdout, in the user's format.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "reports/text/display_table.h"
#include "reports/text/table_order.h"
#include "storage/results/results.h"

namespace zerosweep {

// Prints as --format says: an aligned table, JSON or CSV. The table has bold text where
// base/terminal.h allows it, and is cut to the terminal's width.
void PrintTable(const Table& table, const Globals& globals);

// Null when `value` is empty.
template <typename T>
Json OrNull(const T& value) {
  return value.empty() ? Json() : Json(value);
}

// Prints one object as JSON: an array of one object, as every reading command does.
void PrintObject(const Json& object);

// Prints the aligned table, for --format table.
void PrintDisplayTable(const DisplayTable& people, const Globals& globals);

// --sort and --wide.
struct TableOptions {
  std::optional<std::string> sort;
  bool wide = false;
};
// Adds --sort.
void AddSort(CLI::App& app, TableOptions& options);

// Sorts rows by --sort, whose columns are those of the table `table_of(rows)`.
template <typename Row, typename TableOf>
std::vector<Row> Sorted(const std::vector<Row>& rows, const TableOptions& options,
                        TableOf table_of) {
  return options.sort ? Reordered(rows, RowOrder(table_of(rows), *options.sort)) : rows;
}

}  // namespace zerosweep
