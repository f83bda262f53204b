#include "reports/text/csv.h"

#include "base/error.h"

namespace zerosweep {

std::vector<std::vector<std::string>> ParseCsv(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  size_t at = 0;
  int line = 1;
  const auto is_line_end = [&] {
    return at < text.size() && (text[at] == '\n' || text.substr(at, 2) == "\r\n");
  };
  const auto field = [&] {
    std::string value;
    const bool quoted = at < text.size() && text[at] == '"';
    if (!quoted) {
      while (at < text.size() && text[at] != ',' && !is_line_end()) {
        if (text[at] == '"') Fail(ErrorKind::kUsage, "line {}: a quote inside a field", line);
        value += text[at++];
      }
      return value;
    }
    const int opened = line;
    for (++at;; ++at) {
      if (at >= text.size()) Fail(ErrorKind::kUsage, "line {}: a quote is never closed", opened);
      if (text[at] == '\n') ++line;
      if (text[at] != '"') {
        value += text[at];
      } else if (text.substr(at, 2) == "\"\"") {
        value += text[at++];
      } else {
        break;
      }
    }
    ++at;
    if (at < text.size() && text[at] != ',' && !is_line_end())
      Fail(ErrorKind::kUsage, "line {}: text behind a closing quote", line);
    return value;
  };
  while (at < text.size()) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(field());
    while (at < text.size() && text[at] == ',') {
      ++at;
      row.push_back(field());
    }
    if (at < text.size()) at += text[at] == '\r' ? 2 : 1;
    ++line;
  }
  return rows;
}

}  // namespace zerosweep
