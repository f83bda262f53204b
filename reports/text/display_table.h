// A table for people, and its display on a terminal.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

struct DisplayTable {
  // A group of rows under a heading.
  struct Section {
    size_t first_row = 0;
    std::string heading;
    std::string note;  // under the heading, wrapped to the width; may be empty
  };

  Table table;
  std::vector<Section> sections;     // in row order, the first at row 0; empty: no headings
  std::set<size_t> best;             // indices of rows
  std::optional<size_t> shrinkable;  // the column whose cells are cut if the table is too wide
  // A second line for each row, never cut but wrapped; empty: none.
  std::vector<std::string> under;
  std::string under_heading;  // the heading of the second lines
};

struct Terminal {
  bool bold = false;
  size_t width = 0;  // columns; 0: unknown, or no terminal
};

// The width of wrapped text where that of the terminal is unknown.
inline constexpr size_t kUsualWidth = 100;

// Columns are aligned, numbers to the right and with up to 6 digits, missing cells as "–". Each
// section has its heading, its note, the names of the columns and a rule, as wide as its own cells.
// Second lines are indented. Headings and best rows are bold if `terminal` has bold. Cut cells end
// in "…". Control characters are replaced.
std::string AlignedTable(const DisplayTable& people, const Terminal& terminal);

// The number of code points, which is the width on a terminal for the scripts in our tables.
size_t TextWidth(const std::string& text);

// Replaces control characters, except line ends, by blanks, so that stored text cannot control a
// terminal.
std::string WithoutControls(const std::string& text);

}  // namespace zerosweep
