// Tables as HTML.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "storage/results/results.h"

namespace zerosweep {

struct HtmlTableOptions {
  bool sortable = false;               // by its headings, if the page's script runs
  std::set<std::string> filters = {};  // columns to choose values of; any adds a search field
  // Returns the HTML of a cell; if empty, the cell shows its escaped text.
  std::function<std::string(size_t row, const std::string& column)> cell = {};
};

// Aligns columns of numbers to the right and shows missing cells as "–".
std::string HtmlTable(const Table& table, const HtmlTableOptions& options = {});

}  // namespace zerosweep
