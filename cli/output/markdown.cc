#include "cli/output/markdown.h"

#include <sstream>

#include "reports/text/display_table.h"

namespace zerosweep {

std::string MarkdownRow(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) {
    row += ' ';
    for (const char c : cell) {
      if (c == '|') row += '\\';
      row += c == '\n' ? ' ' : c;
    }
    row += cell.empty() ? "|" : " |";
  }
  return row + "\n";
}

std::string MarkdownHeadings(const std::vector<std::string>& titles) {
  return MarkdownRow(titles) + MarkdownRow(std::vector<std::string>(titles.size(), "---"));
}

std::string MarkdownLines(const std::string& text, const std::string& indent) {
  constexpr size_t kMaxColumns = 100;
  std::string lines, line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!line.empty() && TextWidth(line) + 1 + TextWidth(word) > kMaxColumns) {
      lines += line + "\n";
      line = indent + word;
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
  }
  return lines + line + "\n";
}

}  // namespace zerosweep
