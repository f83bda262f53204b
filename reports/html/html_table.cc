#include "reports/html/html_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/html/svg_plot.h"
#include "reports/text/table_text.h"

namespace zerosweep {
namespace {

std::string Heading(const std::string& name, const std::string& attributes, bool sortable) {
  const std::string text = EscapeHtml(name);
  return fmt::format("<th scope=col{}>{}</th>", attributes,
                     sortable ? "<button type=button>" + text + "</button>" : text);
}

std::string Text(const Json& cell) { return cell.is_null() ? "–" : EscapeHtml(CellText(cell)); }

// Whether the text of a column may be broken into lines.
bool IsLong(const Table& table, size_t column) {
  constexpr size_t kLong = 32;
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [&](const auto& row) { return CellText(row[column]).size() > kLong; });
}

}  // namespace

std::string HtmlTable(const Table& table, const HtmlTableOptions& options) {
  std::string html = "<div class=scroll tabindex=0><table";
  if (options.sortable)
    html += options.filters.empty() ? " class=sortable" : " class=\"sortable filtered\"";
  html += "><thead><tr>";
  std::vector<const char*> classes;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    classes.push_back(IsNumericColumn(table, c) ? " class=n"
                                                : (IsLong(table, c) ? " class=long" : ""));
    const bool filtered = options.filters.contains(table.columns[c]);
    html += Heading(table.columns[c], classes[c] + std::string(filtered ? " data-filter" : ""),
                    options.sortable);
  }
  html += "</tr></thead><tbody>\n";
  for (size_t r = 0; r < table.rows.size(); ++r) {
    html += "<tr>";
    for (size_t c = 0; c < table.columns.size(); ++c) {
      std::string cell = options.cell ? options.cell(r, table.columns[c]) : "";
      if (cell.empty()) cell = Text(table.rows[r][c]);
      html += fmt::format("<td{}>{}</td>", classes[c], cell);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace zerosweep
