#include "reports/table_text.h"

#include <algorithm>
#include <charconv>

#include "reports/latex_text.h"

namespace zerosweep {
namespace {

std::string Hex(const Json::binary_t& bytes) {
  std::string hex;
  for (const uint8_t byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

template <typename Escape>
std::string JoinCells(const std::vector<std::string>& cells, const char* separator, Escape escape) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += (i > 0 ? separator : "") + escape(cells[i]);
  return line;
}

std::vector<std::string> Texts(const std::vector<Json>& row) {
  std::vector<std::string> texts;
  for (const Json& cell : row) texts.push_back(CellText(cell));
  return texts;
}

std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

// "87.91 ± 0.06", "1.1 MB": the first word is a number. "8f3a" is none.
bool StartsLikeANumber(const std::string& text) {
  const char* word = text.data() + (text.starts_with('+') ? 1 : 0);  // "+0.08": a difference
  const char* word_end = text.data() + std::min(text.find(' '), text.size());
  double number = 0;
  const auto [end, code] = std::from_chars(word, word_end, number);
  return code == std::errc() && end == word_end;
}

}  // namespace

std::string CellText(const Json& cell) {
  if (cell.is_null()) return "";
  if (cell.is_string()) return cell.get<std::string>();
  if (cell.is_binary()) return Hex(cell.get_binary());
  return cell.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TableAsJson(const Table& table) {
  std::string out = "[";
  for (size_t r = 0; r < table.rows.size(); ++r) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (size_t c = 0; c < table.columns.size(); ++c) {
      const Json& cell = table.rows[r][c];
      if (cell.is_binary()) {
        object[table.columns[c]] = Hex(cell.get_binary());
      } else {
        object[table.columns[c]] = cell;
      }
    }
    out += r > 0 ? ",\n " : "\n ";
    out += object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  return out + (table.rows.empty() ? "]\n" : "\n]\n");
}

std::string TableAsCsv(const Table& table) {
  std::string out = JoinCells(table.columns, ",", CsvCell) + "\n";
  for (const auto& row : table.rows) out += JoinCells(Texts(row), ",", CsvCell) + "\n";
  return out;
}

std::string MarkdownText(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\|`*_<>[]").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string TableAsMarkdown(const Table& table) {
  std::string out = "| " + JoinCells(table.columns, " | ", MarkdownText) + " |\n|";
  for (size_t c = 0; c < table.columns.size(); ++c) {
    out += IsNumericColumn(table, c) ? "---:|" : "---|";
  }
  out += "\n";
  for (const auto& row : table.rows) {
    out += "| " + JoinCells(Texts(row), " | ", MarkdownText) + " |\n";
  }
  return out;
}

std::string TableAsLatex(const Table& table) {
  std::string out = "% \\usepackage{booktabs}\n\\begin{tabular}{";
  for (size_t c = 0; c < table.columns.size(); ++c) out += IsNumericColumn(table, c) ? 'r' : 'l';
  out += "}\n\\toprule\n" + JoinCells(table.columns, " & ", LatexText) + " \\\\\n\\midrule\n";
  for (const auto& row : table.rows) out += JoinCells(Texts(row), " & ", LatexText) + " \\\\\n";
  return out + "\\bottomrule\n\\end{tabular}\n";
}

bool IsNumericColumn(const Table& table, size_t column) {
  bool any = false;
  for (const auto& row : table.rows) {
    const Json& cell = row.at(column);
    if (cell.is_null() || cell == "–") continue;
    if (!cell.is_number() && !(cell.is_string() && StartsLikeANumber(cell.get<std::string>()))) {
      return false;
    }
    any = true;
  }
  return any;
}

}  // namespace zerosweep
