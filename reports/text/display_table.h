// A table for people, and how a terminal shows it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

struct DisplayTable {
  // Its rows begin here, under a line of their own.
  struct Section {
    size_t first_row = 0;
    std::string heading;
    std::string note;  // under the heading, in lines that fit; may be empty
  };

  Table table;
  std::vector<Section> sections;  // in order of their rows, the first at row 0; none: no headings
  std::set<size_t> best;          // rows
  std::optional<size_t> shrinkable;  // the column whose cells are cut where the table is too wide
  // A second line of each row, whole, in as many lines as it takes; empty: none.
  std::vector<std::string> under;
  std::string under_heading;  // what it holds
};

struct Terminal {
  bool bold = false;
  size_t width = 0;  // columns; 0: unknown, or no terminal
};

// For text that flows where the width is unknown.
inline constexpr size_t kUsualWidth = 100;

// Columns aligned, numbers to the right and to 6 digits, "–" for missing; each section under its
// heading and note, the names of the columns and a rule, as wide as its own cells. Second lines are
// indented. Headings and best rows are bold where `terminal` has bold; cells
// that give way end in "…". Control characters are replaced.
std::string AlignedTable(const DisplayTable& people, const Terminal& terminal);

// Code points: what a terminal shows as columns, for the scripts that our tables hold.
size_t TextWidth(const std::string& text);

// Text whose control characters, but for line ends, have become blanks: what is stored cannot drive
// a terminal.
std::string WithoutControls(const std::string& text);

}  // namespace zerosweep
