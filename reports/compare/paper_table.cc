#include "reports/compare/paper_table.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "reports/compare/published.h"
#include "reports/html/html_page.h"
#include "reports/html/svg_plot.h"
#include "reports/leaderboard/settings_column.h"
#include "reports/text/latex_text.h"
#include "reports/text/table_text.h"

namespace zerosweep {
namespace {

// The index of a key, which is appended if it is new.
template <typename Key>
size_t IndexOf(std::vector<Key>& known, const Key& key) {
  const auto found = std::find(known.begin(), known.end(), key);
  if (found != known.end()) return static_cast<size_t>(found - known.begin());
  known.push_back(key);
  return known.size() - 1;
}

std::string NetworkOf(const PublishedRow& row) {
  const std::string name = row.dataset == "imagenet"
                               ? row.model_as_printed
                               : fmt::format("{}, {}", row.model_as_printed, row.dataset);
  return row.fp32 ? fmt::format("{} ({:.2f})", name, *row.fp32) : name;
}

// A row with what its ranking needs.
struct Draft {
  PaperRow row;
  std::map<size_t, double> values;       // by network; without those from memory
  std::map<size_t, size_t> differences;  // of ours from the paper's, by network
};

// Marks the best and second best of each network for which two or more of these rows have a number.
void Rank(std::vector<Draft*> group, size_t networks) {
  for (size_t network = 0; network < networks; ++network) {
    std::set<double, std::greater<>> values;
    int with_number = 0;
    for (const Draft* draft : group) {
      const auto value = draft->values.find(network);
      if (value == draft->values.end()) continue;
      values.insert(value->second);
      ++with_number;
    }
    if (with_number < 2) continue;
    for (Draft* draft : group) {
      const auto value = draft->values.find(network);
      if (value == draft->values.end()) continue;
      const auto place = std::distance(values.begin(), values.find(value->second));
      draft->row.cells[network].best = place == 0;
      draft->row.cells[network].second = place == 1;
    }
  }
}

class TableMaker {
 public:
  explicit TableMaker(std::string title) { table_.title = std::move(title); }

  void Add(const Comparison& comparison) {
    const PublishedRow& published = *comparison.published;
    const std::string bits = fmt::format("W{}A{}", published.w_bits, published.a_bits);
    const size_t network = IndexOf(table_.networks, NetworkOf(published));
    Draft& theirs = RowOf(bits, published.method, published.method, false);
    const bool from_memory = published.confidence == "recalled";
    const std::string value = fmt::format("{:.2f}", published.value);
    CellOf(theirs, network) = {from_memory ? "(" + value + ")" : value, false, false, from_memory};
    if (!from_memory) theirs.values[network] = published.value;
    if (comparison.ours == nullptr) return;
    const LeaderboardRow& of_us = *comparison.ours;
    const std::string name = "ours: " + NameWithSettings(of_us);
    Draft* ours = &RowOf(bits, published.method, name, true);
    const size_t differences = comparison.differences.size();
    if (const auto other = ours->differences.find(network); other != ours->differences.end()) {
      if (other->second < differences) return;
      if (other->second == differences)
        ours = &RowOf(bits, published.method,
                      fmt::format("{} ({}, {})", name, of_us.model, of_us.protocol), true);
    }
    std::string mean = fmt::format("{:.2f}", of_us.top1_mean);
    if (of_us.top1_std) mean += fmt::format(" ± {:.2f}", *of_us.top1_std);
    CellOf(*ours, network) = {mean};
    ours->values[network] = of_us.top1_mean;
    ours->differences[network] = differences;
  }

  PaperTable Finish() {
    for (const std::string& bits : bits_) {
      for (const bool ours : {false, true}) {
        std::vector<Draft*> group;
        for (auto& [key, draft] : drafts_)
          if (draft.row.bits == bits && draft.row.ours == ours) group.push_back(&draft);
        for (Draft* draft : group) draft->row.cells.resize(table_.networks.size());
        Rank(group, table_.networks.size());
      }
    }
    // Sorted by bits, then by the paper's method, with ours beneath it.
    for (const std::string& bits : bits_) {
      for (const std::string& method : methods_) {
        for (auto& [key, draft] : drafts_)
          if (key.bits == bits && key.method == method) table_.rows.push_back(std::move(draft.row));
      }
    }
    return std::move(table_);
  }

 private:
  struct Key {
    std::string bits, method;
    bool ours;
    std::string label;
    auto operator<=>(const Key&) const = default;
  };

  Draft& RowOf(const std::string& bits, const std::string& method, const std::string& label,
               bool ours) {
    IndexOf(bits_, bits);
    IndexOf(methods_, method);
    Draft& draft = drafts_[{bits, method, ours, label}];
    draft.row.bits = bits;
    draft.row.method = label;
    draft.row.ours = ours;
    return draft;
  }
  static PaperCell& CellOf(Draft& draft, size_t network) {
    if (draft.row.cells.size() <= network) draft.row.cells.resize(network + 1);
    return draft.row.cells[network];
  }

  PaperTable table_;
  std::vector<std::string> bits_, methods_;  // in the paper's order
  std::map<Key, Draft> drafts_;
};

// The marks with which a format writes a cell.
struct Marks {
  std::string (*text)(const std::string&);
  const char *bold, *unbold, *underlined, *plain, *grey, *ungrey;
};

std::string Cell(const PaperCell& cell, const Marks& marks) {
  const std::string text = marks.text(cell.text.empty() ? "–" : cell.text);
  if (cell.best) return marks.bold + text + marks.unbold;
  if (cell.second) return marks.underlined + text + marks.plain;
  return cell.from_memory ? marks.grey + text + marks.ungrey : text;
}

const Marks kMarkdown = {MarkdownText, "**", "**", "<u>", "</u>", "", ""};
const Marks kLatex = {LatexText, "\\textbf{", "}", "\\underline{", "}", "\\textcolor{gray}{", "}"};
const Marks kHtml = {EscapeHtml, "<strong>",         "</strong>", "<u>",
                     "</u>",     "<span class=dim>", "</span>"};

}  // namespace

std::vector<PaperTable> PaperTables(const std::vector<LeaderboardRow>& board,
                                    const PaperSettings& papers, const std::string& paper,
                                    bool recalled) {
  std::vector<std::string> names;
  std::vector<TableMaker> makers;
  for (const Comparison& row : Compare(board, papers, {.paper = paper, .recalled = recalled})) {
    if (row.published->metric != "top1") continue;
    const size_t place = IndexOf(names, row.published->table);
    if (place == makers.size())
      makers.emplace_back(fmt::format("{}, {}", row.published->title, row.published->table));
    makers[place].Add(row);
  }
  std::vector<PaperTable> tables;
  for (TableMaker& maker : makers) tables.push_back(maker.Finish());
  return tables;
}

std::string PaperTablesAsMarkdown(const std::vector<PaperTable>& tables) {
  std::string text;
  for (const PaperTable& table : tables) {
    text += fmt::format("## {}\n\n| bits | method |", MarkdownText(table.title));
    for (const std::string& network : table.networks) text += " " + MarkdownText(network) + " |";
    text += "\n|---|---|";
    for (size_t i = 0; i < table.networks.size(); ++i) text += "---:|";
    text += "\n";
    for (const PaperRow& row : table.rows) {
      text += fmt::format("| {} | {} |", MarkdownText(row.bits), MarkdownText(row.method));
      for (const PaperCell& cell : row.cells) text += " " + Cell(cell, kMarkdown) + " |";
      text += "\n";
    }
    text += "\n";
  }
  return text;
}

std::string PaperTablesAsLatex(const std::vector<PaperTable>& tables) {
  std::string text = "% \\usepackage{booktabs,xcolor}\n";
  for (const PaperTable& table : tables) {
    text +=
        fmt::format("\\begin{{table}}\n\\centering\n\\caption{{{}}}\n\\begin{{tabular}}{{ll{}}}\n",
                    LatexText(table.title), std::string(table.networks.size(), 'r'));
    text += "\\toprule\nbits & method";
    for (const std::string& network : table.networks) text += " & " + LatexText(network);
    text += " \\\\\n";
    std::string bits;
    for (const PaperRow& row : table.rows) {
      if (row.bits != bits) text += "\\midrule\n";
      bits = row.bits;
      text += LatexText(row.bits) + " & " + LatexText(row.method);
      for (const PaperCell& cell : row.cells) text += " & " + Cell(cell, kLatex);
      text += " \\\\\n";
    }
    text += "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
  }
  return text;
}

std::string PaperTablesAsHtml(const std::vector<PaperTable>& tables) {
  std::string html;
  for (const PaperTable& table : tables) {
    html += fmt::format(
        "<h2>{}</h2>\n<div class=scroll><table><thead><tr><th scope=col>bits</th><th scope=col>"
        "method</th>",
        EscapeHtml(table.title));
    for (const std::string& network : table.networks)
      html += fmt::format("<th scope=col class=n>{}</th>", EscapeHtml(network));
    html += "</tr></thead><tbody>\n";
    for (const PaperRow& row : table.rows) {
      html += fmt::format("<tr><td>{}</td><th scope=row>{}</th>", EscapeHtml(row.bits),
                          EscapeHtml(row.method));
      for (const PaperCell& cell : row.cells)
        html += fmt::format("<td class=n>{}</td>", Cell(cell, kHtml));
      html += "</tr>\n";
    }
    html += "</tbody></table></div>\n";
  }
  return HtmlPage(tables.empty() ? "No table" : tables.front().title,
                  html +
                      "<p>Best bold, second underlined, among the paper's rows and among ours; "
                      "in parentheses: from memory. Protocols may differ: <code>zerosweep "
                      "compare</code> names how.</p>\n");
}

}  // namespace zerosweep
