#include "reports/compare/paper_table.h"

#include <algorithm>
#include <map>
#include <set>

#include "reports/compare/published.h"
#include "reports/html/html_page.h"
#include "reports/html/svg_plot.h"
#include "reports/leaderboard/leaderboard_columns.h"
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

// A cell with what its ranking needs.
struct Entry {
  PaperCell cell;
  std::optional<double> value;  // absent: from memory
  size_t differences = 0;       // of ours from the paper's
};

class TableMaker {
 public:
  explicit TableMaker(std::string title) { table_.title = std::move(title); }

  void Add(const Comparison& comparison) {
    const PublishedRow& published = *comparison.published;
    const std::string bits = fmt::format("W{}A{}", published.w_bits, published.a_bits);
    IndexOf(bits_, bits);
    IndexOf(methods_, published.method);
    const size_t network = IndexOf(table_.networks, NetworkOf(published));
    Entry& theirs = rows_[{bits, published.method, false, published.method}][network];
    const bool from_memory = published.confidence == "recalled";
    const std::string value = fmt::format("{:.2f}", published.value);
    theirs.cell = {from_memory ? "(" + value + ")" : value, false, false, from_memory};
    if (!from_memory) theirs.value = published.value;
    if (comparison.ours == nullptr) return;
    const LeaderboardRow& of_us = *comparison.ours;
    const size_t differences = comparison.differences.size();
    Key ours{bits, published.method, true, "ours: " + NameWithSettings(of_us)};
    if (const auto other = rows_[ours].find(network); other != rows_[ours].end()) {
      if (other->second.differences < differences) return;
      if (other->second.differences == differences)
        ours.label += fmt::format(" ({}, {})", of_us.model, of_us.protocol);
    }
    rows_[ours][network] = {{TextOf("top1_mean", of_us)}, of_us.score_mean, differences};
  }

  PaperTable Finish() {
    // Sorted by bits, then by the paper's method, with ours beneath it.
    for (const std::string& bits : bits_) {
      for (size_t network = 0; network < table_.networks.size(); ++network)
        for (const bool ours : {false, true}) Rank(bits, ours, network);
      for (const std::string& method : methods_)
        for (const auto& [key, entries] : rows_)
          if (key.bits == bits && key.method == method) AddRow(key, entries);
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
  using Entries = std::map<size_t, Entry>;  // by network

  // Marks the best and second best of two or more rows that have a number for the network.
  void Rank(const std::string& bits, bool ours, size_t network) {
    std::vector<Entry*> ranked;
    std::set<double, std::greater<>> values;
    for (auto& [key, entries] : rows_) {
      const auto entry = entries.find(network);
      if (key.bits != bits || key.ours != ours || entry == entries.end() || !entry->second.value)
        continue;
      ranked.push_back(&entry->second);
      values.insert(*entry->second.value);
    }
    if (ranked.size() < 2) return;
    for (Entry* entry : ranked) {
      const auto place = std::distance(values.begin(), values.find(*entry->value));
      entry->cell.best = place == 0;
      entry->cell.second = place == 1;
    }
  }

  void AddRow(const Key& key, const Entries& entries) {
    std::vector<PaperCell> cells(table_.networks.size());
    for (const auto& [network, entry] : entries) cells[network] = entry.cell;
    table_.rows.push_back({key.bits, key.label, key.ours, std::move(cells)});
  }

  PaperTable table_;
  std::vector<std::string> bits_, methods_;  // in the paper's order
  std::map<Key, Entries> rows_;
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
