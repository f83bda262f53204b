#include "cli/output/markdown.h"

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

}  // namespace zerosweep
