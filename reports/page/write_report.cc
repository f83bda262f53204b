#include "reports/page/write_report.h"

#include <map>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "reports/compare/paper_table.h"
#include "reports/page/html_report.h"
#include "reports/text/latex_text.h"
#include "reports/text/table_text.h"

namespace zerosweep {
namespace {

std::string Markdown(const ReportData& data) {
  std::string text = "# " + MarkdownText(data.title) + "\n\n";
  for (const auto& [name, value] : data.facts) {
    if (!value.empty()) text += fmt::format("- {}: {}\n", name, MarkdownText(value));
  }
  text += "\n## Leaderboard\n\n";
  if (const std::string shared = SharedSettings(data.rows); !shared.empty())
    text += MarkdownText(shared) + "\n\n";
  text += TableAsMarkdown(LeaderboardForDisplay(data.rows));
  for (const std::string& note : Notes(data.rows)) text += "\n" + MarkdownText(note) + "\n";
  if (!data.failures.rows.empty()) {
    text += "\n## Failures\n\n" + TableAsMarkdown(data.failures);
  }
  return text;
}

// Shared settings are text below the table, because a comment would not be printed.
std::string Latex(const std::vector<LeaderboardRow>& rows) {
  std::string text = TableAsLatex(LeaderboardForDisplay(rows));
  if (const std::string shared = SharedSettings(rows); !shared.empty())
    text += "\n\\noindent{\\footnotesize " + LatexText(shared) + "}\n";
  for (const std::string& note : Notes(rows)) text += fmt::format("% {}\n", note);
  return text;
}

// The inputs of a report.
struct Request {
  const ResultsReader& reader;
  const std::string& sweep;
  const PaperSettings& papers;

  ReportData Data() const { return ReadReport(reader, sweep, papers); }
  std::vector<LeaderboardRow> Rows() const {
    auto rows = Leaderboard(reader, papers, sweep);
    AddPublished(rows, papers);
    return rows;
  }
};

using Writer = std::string (*)(const Request&);
const std::map<std::string, Writer> kWriters = {
    {".html",
     [](const Request& of) { return HtmlReport(of.Data(), IsoUtc(SystemClock().Unix())); }},
    {".md", [](const Request& of) { return Markdown(of.Data()); }},
    {".tex", [](const Request& of) { return Latex(of.Rows()); }},
    {".csv", [](const Request& of) { return TableAsCsv(LeaderboardTable(of.Rows())); }},
    {".json", [](const Request& of) { return TableAsJson(LeaderboardTable(of.Rows())); }}};

const std::map<std::string, std::string (*)(const std::vector<PaperTable>&)> kPaperWriters = {
    {".html", PaperTablesAsHtml}, {".md", PaperTablesAsMarkdown}, {".tex", PaperTablesAsLatex}};

// The writer for the path's ending.
template <typename W>
W WriterOf(const std::map<std::string, W>& writers, const std::filesystem::path& path) {
  const auto found = writers.find(path.extension());
  if (found != writers.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [ending, writer] : writers) known.push_back(ending);
  Fail(ErrorKind::kUsage, "report: {} ends in '{}'; known endings are {}", path.string(),
       path.extension().string(), Join(known, ", "));
}

}  // namespace

void WriteReport(const ResultsReader& reader, const std::string& sweep, const PaperSettings& papers,
                 const std::filesystem::path& path) {
  if (path.extension() == ".parquet") {
    Fail(ErrorKind::kUsage,
         "report: Parquet is not supported: convert {} (ATTACH … (TYPE sqlite)) or a .csv report "
         "with DuckDB's COPY (SELECT …) TO '{}'",
         reader.home().database().string(), path.filename().string());
  }
  const Writer writer = WriterOf(kWriters, path);
  WriteFileAtomically(path, writer({reader, sweep, papers}), kUsualMode);
}

void WritePaperTables(const ResultsReader& reader, const std::string& sweep,
                      const PaperSettings& papers, const std::string& paper, bool recalled,
                      const std::filesystem::path& path) {
  const auto writer = WriterOf(kPaperWriters, path);
  const auto tables = PaperTables(Leaderboard(reader, papers, sweep), papers, paper, recalled);
  if (tables.empty()) {
    Fail(ErrorKind::kUsage, "report: every number of paper '{}' is from memory: give --recalled",
         paper);
  }
  WriteFileAtomically(path, writer(tables), kUsualMode);
}

}  // namespace zerosweep
