// Tables as HTML.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "storage/results/results.h"

namespace zerosweep {

struct HtmlTableOptions {
  bool sortable = false;               // by its headings, where the page's script runs
  std::set<std::string> filters = {};  // columns to choose values of; with any, a search field, too
  // The HTML of a cell instead of its escaped text; empty: as ever.
  std::function<std::string(size_t row, const std::string& column)> cell = {};
};

// Columns of numbers are aligned to the right, missing cells are "–".
std::string HtmlTable(const Table& table, const HtmlTableOptions& options = {});

}  // namespace zerosweep
