#include "cli/table.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "reports/table_text.h"

namespace zerosweep {
namespace {

constexpr const char* kMissing = "–";
constexpr const char* kGap = "  ";

// Code points: what a terminal shows as columns, for the scripts that our tables hold.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Printable(const Json& cell) {
  if (cell.is_null()) return kMissing;
  if (cell.is_number_float()) return fmt::format("{:.6g}", cell.get<double>());
  std::string text = CellText(cell);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
  }
  return text;
}

std::string Pad(const std::string& text, size_t width, bool right) {
  const std::string blanks(width - std::min(width, Width(text)), ' ');
  return right ? blanks + text : text + blanks;
}

std::string Trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string AlignedTable(const Table& table, bool bold_headings) {
  std::vector<std::vector<std::string>> texts;
  std::vector<size_t> widths;
  std::vector<bool> right;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    widths.push_back(Width(table.columns[c]));
    right.push_back(IsNumericColumn(table, c));
  }
  for (const auto& row : table.rows) {
    auto& cells = texts.emplace_back();
    for (size_t c = 0; c < row.size(); ++c) {
      cells.push_back(Printable(row[c]));
      widths[c] = std::max(widths[c], Width(cells.back()));
    }
  }
  std::string headings, rule, body;
  for (size_t c = 0; c < widths.size(); ++c) {
    headings += (c > 0 ? kGap : "") + Pad(table.columns[c], widths[c], right[c]);
    rule += c > 0 ? kGap : "";
    for (size_t i = 0; i < widths[c]; ++i) rule += "─";
  }
  for (const auto& cells : texts) {
    std::string line;
    for (size_t c = 0; c < cells.size(); ++c) {
      line += (c > 0 ? kGap : "") + Pad(cells[c], widths[c], right[c]);
    }
    body += Trimmed(line);
  }
  if (bold_headings) return "\x1b[1m" + headings + "\x1b[0m\n" + rule + "\n" + body;
  return Trimmed(headings) + rule + "\n" + body;
}

void PrintTable(const Table& table, const Globals& globals) {
  std::string text;
  if (globals.format == "json") {
    text = TableAsJson(table);
  } else if (globals.format == "csv") {
    text = TableAsCsv(table);
  } else {
    const char* no_color = std::getenv("NO_COLOR");
    const bool color =
        globals.color && (no_color == nullptr || *no_color == '\0') && isatty(STDOUT_FILENO) != 0;
    text = AlignedTable(table, color);
  }
  // Whether all of it could be printed, main asks at the end.
  [[maybe_unused]] const size_t printed = std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace zerosweep
