#include "reports/text/display_table.h"

#include <algorithm>
#include <numeric>
#include <sstream>

#include "base/text.h"
#include "reports/text/table_text.h"

namespace zerosweep {
namespace {

constexpr const char* kMissing = "–";
constexpr const char* kGap = "  ";
constexpr size_t kGapWidth = 2;
constexpr size_t kMinWidth = 12;  // of a cut column; less would be unreadable

constexpr size_t kMaxIndent = 8;

std::string Printable(const Json& cell) {
  if (cell.is_null()) return kMissing;
  if (cell.is_number_float()) return fmt::format("{:.6g}", cell.get<double>());
  std::string text = WithoutControls(CellText(cell));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string Shortened(const std::string& text, size_t width) {
  if (TextWidth(text) <= width) return text;
  return FirstColumns(text, static_cast<int>(width) - 1) + "…";
}

std::string Pad(const std::string& text, size_t width, bool right) {
  const std::string blanks(width - std::min(width, TextWidth(text)), ' ');
  return right ? blanks + text : text + blanks;
}

std::string Trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Bold(const std::string& line, bool bold) {
  return bold ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
}

// Cells of some rows as text, with the widths of their columns.
class Grid {
 public:
  // `right`: which columns are aligned to the right.
  Grid(const DisplayTable& people, size_t begin, size_t end, const std::vector<bool>& right,
       size_t terminal_width)
      : right_(right) {
    for (const std::string& column : people.table.columns) {
      headings_.push_back(Printable(column));
      widths_.push_back(TextWidth(headings_.back()));
    }
    for (size_t r = begin; r < end; ++r) {
      const auto& row = people.table.rows[r];
      auto& cells = rows_.emplace_back();
      for (size_t c = 0; c < row.size(); ++c) {
        cells.push_back(Printable(row[c]));
        widths_[c] = std::max(widths_[c], TextWidth(cells.back()));
      }
    }
    if (terminal_width > 0 && people.shrinkable) GiveWay(*people.shrinkable, terminal_width);
  }

  // Indentation of second lines: the start of the second column, unless the first is wide.
  size_t Indent() const { return std::min(widths_.front() + kGapWidth, kMaxIndent); }
  std::string Headings() const { return Line(headings_); }
  std::string Row(size_t row) const { return Line(rows_.at(row)); }
  std::string Rule() const {
    std::string rule;
    for (size_t c = 0; c < widths_.size(); ++c) {
      rule += c > 0 ? kGap : "";
      for (size_t i = 0; i < widths_[c]; ++i) rule += "─";
    }
    return rule;
  }

 private:
  void GiveWay(size_t column, size_t terminal_width) {
    const size_t all = std::accumulate(widths_.begin(), widths_.end(), size_t{0}) +
                       kGapWidth * (widths_.size() - 1);
    if (all <= terminal_width) return;
    size_t& width = widths_.at(column);
    const size_t least = std::min(width, std::max(kMinWidth, TextWidth(headings_[column])));
    width -= std::min(all - terminal_width, width - least);
    for (auto& cells : rows_) cells[column] = Shortened(cells[column], width);
  }
  std::string Line(const std::vector<std::string>& cells) const {
    std::string line;
    for (size_t c = 0; c < cells.size(); ++c) {
      line += (c > 0 ? kGap : "") + Pad(cells[c], widths_[c], right_[c]);
    }
    return Trimmed(line);
  }

  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;
  const std::vector<bool>& right_;
};

// Removes the first `width` characters from the text and returns them.
std::string TakeCharacters(std::string& text, size_t width) {
  std::string head = FirstColumns(text, static_cast<int>(width));
  text.erase(0, head.size());
  return head;
}

// Breaks text at blanks into indented lines that fit; words longer than a line are broken too.
std::string Flowing(const std::string& text, size_t indent, const Terminal& terminal) {
  const size_t width = terminal.width > 0 ? terminal.width : kUsualWidth;
  const std::string margin(indent, ' ');
  const size_t room = std::max(kMinWidth, width - std::min(width, indent));
  std::string lines, line;
  std::istringstream words(Printable(text));
  for (std::string word; words >> word;) {
    if (!line.empty() && TextWidth(line) + 1 + TextWidth(word) > room) {
      lines += margin + line + "\n";
      line.clear();
    }
    while (TextWidth(word) > room) lines += margin + TakeCharacters(word, room) + "\n";
    line += (line.empty() || word.empty() ? "" : " ") + word;
  }
  return line.empty() ? lines : lines + margin + line + "\n";
}

std::string Under(const DisplayTable& people, size_t row) {
  return people.under.empty() ? "" : people.under.at(row);
}

// The names of the columns, the heading of the second lines if these rows have one, and the rule.
std::string Headings(const DisplayTable& people, size_t begin, size_t end, const Grid& grid,
                     const Terminal& terminal) {
  std::string text = Bold(grid.Headings(), terminal.bold);
  for (size_t row = begin; row < end; ++row) {
    if (Under(people, row).empty()) continue;
    text += Flowing(people.under_heading, grid.Indent(), terminal);
    break;
  }
  return text + grid.Rule() + "\n";
}

}  // namespace

size_t TextWidth(const std::string& text) {
  const auto begins_character = [](char c) { return (c & 0xc0) != 0x80; };
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string AlignedTable(const DisplayTable& people, const Terminal& terminal) {
  std::vector<bool> right;
  for (size_t c = 0; c < people.table.columns.size(); ++c)
    right.push_back(IsNumericColumn(people.table, c));
  auto sections = people.sections;
  const bool named = !sections.empty();
  if (!named) sections.emplace_back();
  std::string text;
  for (size_t s = 0; s < sections.size(); ++s) {
    const size_t begin = sections[s].first_row;
    const size_t end =
        s + 1 < sections.size() ? sections[s + 1].first_row : people.table.rows.size();
    const Grid grid(people, begin, end, right, terminal.width);
    if (named) {
      text += (s > 0 ? "\n" : "") + Bold(Printable(sections[s].heading), terminal.bold);
      text += Flowing(sections[s].note, 0, terminal);
    }
    text += Headings(people, begin, end, grid, terminal);
    for (size_t row = begin; row < end; ++row) {
      text += Bold(grid.Row(row - begin), terminal.bold && people.best.contains(row));
      text += Flowing(Under(people, row), grid.Indent(), terminal);
    }
  }
  return text;
}

std::string WithoutControls(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 … U+009F in UTF-8, which some terminals also treat as controls.
    const bool second_controls = byte == 0xc2 && i + 1 < text.size() &&
                                 static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                                 static_cast<unsigned char>(text[i + 1]) < 0xa0;
    const bool control = (byte < 0x20 && byte != '\n') || byte == 0x7f || second_controls;
    out += control ? ' ' : text[i];
    if (second_controls) ++i;
  }
  return out;
}

}  // namespace zerosweep
