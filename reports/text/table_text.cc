#include "reports/text/table_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "reports/text/latex_text.h"

namespace zerosweep {
namespace {

std::string Hex(const Json::binary_t& bytes) {
  std::string hex;
  for (const uint8_t byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

template <typename Cell, typename Escape>
std::string JoinCells(const std::vector<Cell>& cells, const char* separator, Escape escape) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += (i > 0 ? separator : "") + escape(cells[i]);
  return line;
}

std::vector<std::string> Texts(const std::vector<Json>& row) {
  std::vector<std::string> texts;
  for (const Json& cell : row) texts.push_back(CellText(cell));
  return texts;
}

std::string CsvQuoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

bool IsNumber(const std::string& text) {
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);  // "+0.08": a difference
  const char* end = text.data() + text.size();
  double number = 0;
  const auto result = std::from_chars(begin, end, number);
  return result.ec == std::errc() && result.ptr == end;
}

// Puts an apostrophe before text that a spreadsheet would run as a formula.
std::string CsvText(const std::string& text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  return CsvQuoted(formula && !IsNumber(text) ? "'" + text : text);
}

std::string CsvCell(const Json& cell) {
  return cell.is_string() ? CsvText(cell.get<std::string>()) : CsvQuoted(CellText(cell));
}

// JSON has no notation for these numbers.
bool IsBeyondJson(const Json& cell) {
  return cell.is_number_float() && !std::isfinite(cell.get<double>());
}

// Names of columns as keys of one object: the second of two equal names is "name:2".
std::vector<std::string> Keys(const std::vector<std::string>& columns) {
  std::vector<std::string> keys;
  for (const std::string& column : columns) {
    std::string key = column;
    for (int i = 2; std::find(keys.begin(), keys.end(), key) != keys.end(); ++i)
      key = fmt::format("{}:{}", column, i);
    keys.push_back(key);
  }
  return keys;
}

// "87.91 ± 0.06", "1.1 MB": whether the first word is a number. "8f3a" is not.
bool StartsLikeANumber(const std::string& text) { return IsNumber(text.substr(0, text.find(' '))); }

}  // namespace

std::string CellText(const Json& cell) {
  if (cell.is_null()) return "";
  if (cell.is_string()) return cell.get<std::string>();
  if (cell.is_binary()) return Hex(cell.get_binary());
  if (IsBeyondJson(cell)) return fmt::format("{}", cell.get<double>());
  return cell.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TableAsJson(const Table& table) {
  const std::vector<std::string> keys = Keys(table.columns);
  std::string out = "[";
  for (size_t r = 0; r < table.rows.size(); ++r) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (size_t c = 0; c < keys.size(); ++c) {
      const Json& cell = table.rows[r][c];
      if (cell.is_binary() || IsBeyondJson(cell)) {
        object[keys[c]] = CellText(cell);
      } else {
        object[keys[c]] = cell;
      }
    }
    out += r > 0 ? ",\n " : "\n ";
    out += object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  return out + (table.rows.empty() ? "]\n" : "\n]\n");
}

std::string TableAsCsv(const Table& table) {
  std::string out = JoinCells(table.columns, ",", CsvText) + "\n";
  for (const auto& row : table.rows) out += JoinCells(row, ",", CsvCell) + "\n";
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
