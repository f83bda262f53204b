// The comparison with the papers as a table: for programs, and narrow or wide for people.
#include <map>

#include "base/text.h"
#include "reports/compare/compare.h"
#include "reports/leaderboard/leaderboard_columns.h"
#include "reports/leaderboard/settings_column.h"
#include "reports/text/table_order.h"

namespace zerosweep {
namespace {

// "T", "P?": the first letter of each kind of difference, once, with a question mark if the paper
// does not state its side. The copy of the data is left out: only the JSON has it.
std::string DifferenceMarks(const std::vector<std::string>& differences) {
  static const std::map<std::string, std::string> kLetters = {
      {"teacher", "T"},   {"network", "N"}, {"protocol", "P"},   {"settings", "S"},
      {"real data", "R"}, {"epoch", "E"},   {"test images", "I"}};
  std::vector<std::string> marks;
  for (const std::string& difference : differences) {
    const auto letter = kLetters.find(difference.substr(0, difference.find(':')));
    if (letter == kLetters.end()) continue;
    const std::string mark = letter->second + (difference.ends_with(kNotTold) ? "?" : "");
    if (marks.empty() || marks.back() != mark) marks.push_back(mark);
  }
  return Join(marks, " ");
}

std::string Signed(const std::optional<double>& value) {
  return value ? fmt::format("{:+.2f}", *value) : "–";
}
std::string Fixed(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value) : "–";
}

// Every column that a terminal may show; "–" if missing.
struct Cells {
  std::string paper, table, method, dataset, network, bits, theirs, drop;  // "paper %", its drop
  std::string ours, n, our_drop, difference, marks;
  std::string fp32, our_fp32, our_method, our_protocol;
};

Cells CellsOf(const Comparison& row) {
  Cells cells;
  if (const PublishedRow* of = row.published) {
    const std::string value = fmt::format("{:.2f}", of->value);
    cells = {of->paper,
             of->table,
             of->method,
             of->dataset,
             of->arch,
             fmt::format("W{}A{}", of->w_bits, of->a_bits),
             of->confidence == "recalled" ? "(" + value + ")" : value,
             Fixed(row.PublishedDrop())};
    cells.fp32 = Fixed(of->fp32);
  } else {
    cells.method = VariantName(*row.ours);
    cells.dataset = row.ours->dataset;
    cells.network = row.ours->arch;
    cells.bits = BitsName(row.ours->bits);
  }
  if (const LeaderboardRow* of = row.ours) {
    cells.ours = TextOf("top1_mean", *of);
    cells.n = std::to_string(of->n);
    cells.our_drop = Fixed(of->drop);
    cells.difference = Signed(row.DropDifference());
    cells.marks = DifferenceMarks(row.differences);
    cells.our_fp32 = Fixed(of->mean("fp32_top1"));
    cells.our_method = VariantName(*of);
    cells.our_protocol = of->protocol;
  }
  return cells;
}

struct Column {
  const char* name;
  std::string Cells::*cell;
};
const std::vector<Column> kNarrow = {{"method", &Cells::method},
                                     {"network", &Cells::network},
                                     {"bits", &Cells::bits},
                                     {"paper %", &Cells::theirs},
                                     {"drop", &Cells::drop},
                                     {"ours %", &Cells::ours},
                                     {"n", &Cells::n},
                                     {"ours drop", &Cells::our_drop},
                                     {"Δ drop", &Cells::difference},
                                     {"differs", &Cells::marks}};
const std::vector<Column> kWideFirst = {
    {"paper", &Cells::paper}, {"table", &Cells::table}, {"dataset", &Cells::dataset}};
const std::vector<Column> kWideLast = {{"paper FP32 %", &Cells::fp32},
                                       {"ours FP32 %", &Cells::our_fp32},
                                       {"our method", &Cells::our_method},
                                       {"our protocol", &Cells::our_protocol}};

std::vector<Json> Select(const Cells& cells, const std::vector<Column>& columns) {
  std::vector<Json> row;
  for (const auto& [name, cell] : columns) {
    const std::string& text = cells.*cell;
    row.emplace_back(text.empty() && cell != &Cells::marks ? "–" : text);
  }
  return row;
}

Table HeadingsOf(const std::vector<Column>& columns) {
  Table table;
  for (const Column& column : columns) table.columns.emplace_back(column.name);
  return table;
}

std::string Heading(const Cells& cells) {
  if (cells.paper.empty()) return cells.dataset + ": no published number";
  return fmt::format("{}, {}: {}", cells.paper, cells.table, cells.dataset);
}

constexpr const char* kOurSettings = "our method, protocol and settings";

// Shows under each row which of ours it is: "gdfq (fixed), zeroq: iterations 800".
void AddSection(std::span<const Comparison> section, const std::string& heading,
                DisplayTable& people) {
  std::vector<const LeaderboardRow*> ours;
  for (const Comparison& row : section)
    if (row.ours != nullptr) ours.push_back(row.ours);
  const SettingsColumn settings = SettingsOf(ours);
  people.sections.push_back({people.table.rows.size(), heading, settings.SharedNote()});
  auto own = settings.own.begin();
  for (const Comparison& row : section) {
    people.table.rows.push_back(Select(CellsOf(row), kNarrow));
    std::string& under = people.under.emplace_back();
    if (row.ours == nullptr) continue;
    under = fmt::format("{}, {}", VariantName(*row.ours), row.ours->protocol);
    if (*own != kNoSettings) under += ": " + *own;
    ++own;
  }
}

}  // namespace

Table ComparisonTable(const std::vector<Comparison>& rows) {
  constexpr size_t kOfPaper = 11;  // columns up to the confidence
  Table table;
  table.columns = {"paper",
                   "table",
                   "method",
                   "dataset",
                   "arch",
                   "w_bits",
                   "a_bits",
                   "published",
                   "published_fp32",
                   "published_drop",
                   "confidence",
                   "ours",
                   "ours_n",
                   "ours_std",
                   "ours_fp32",
                   "ours_drop",
                   "drop_difference",
                   "protocol_differences",
                   "ours_method",
                   "ours_protocol",
                   "ours_settings"};
  const auto bits = [](const std::string& printed) {
    const bool number =
        !printed.empty() && printed.find_first_not_of("0123456789") == std::string::npos;
    return number ? Json(std::stoi(printed)) : Json(printed);
  };
  for (const Comparison& row : rows) {
    std::vector<Json> cells;
    if (const PublishedRow* of = row.published) {
      cells = {of->paper, of->table,           of->method,       of->dataset,
               of->arch,  bits(of->w_bits),    bits(of->a_bits), of->value,
               of->fp32,  row.PublishedDrop(), of->confidence};
    } else {
      const LeaderboardRow& ours = *row.ours;
      cells = {nullptr, nullptr, ours.method, ours.dataset, ours.arch, ours.w_bits, ours.a_bits};
      cells.resize(kOfPaper);
    }
    if (const LeaderboardRow* of = row.ours) {
      cells.insert(cells.end(),
                   {ColumnOf("top1_mean").value(*of), of->n, ColumnOf("top1_std").value(*of),
                    of->mean("fp32_top1"), of->drop, row.DropDifference(), row.differences,
                    MethodName(*of), of->protocol, SettingsAsJson(*of)});
    } else {
      cells.resize(table.columns.size());
      cells[cells.size() - 4] = Json::array();  // protocol_differences
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

DisplayTable NarrowComparison(const std::vector<Comparison>& rows, bool together) {
  const auto heading_of = [](const Comparison& row) { return Heading(CellsOf(row)); };
  const std::vector<Comparison> ordered = together ? GroupBy(rows, heading_of) : rows;
  DisplayTable people{.table = HeadingsOf(kNarrow), .shrinkable = 0, .under_heading = kOurSettings};
  for (const auto& section : Runs(ordered, heading_of))
    AddSection(section, heading_of(section.front()), people);
  return people;
}

DisplayTable WideComparison(const std::vector<Comparison>& rows) {
  std::vector<Column> columns = kWideFirst;
  columns.insert(columns.end(), kNarrow.begin(), kNarrow.end());
  columns.insert(columns.end(), kWideLast.begin(), kWideLast.end());
  DisplayTable people{.table = HeadingsOf(columns)};
  people.table.columns.insert(people.table.columns.end(), {"settings", "what differs"});
  for (const Comparison& row : rows) {
    people.table.rows.push_back(Select(CellsOf(row), columns));
    people.table.rows.back().emplace_back(row.ours == nullptr ? "–"
                                                              : SettingsOf({row.ours}).own[0]);
    people.table.rows.back().emplace_back(Join(row.differences, "; "));
  }
  return people;
}

}  // namespace zerosweep
