#include "reports/write_report.h"

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "reports/html_report.h"
#include "reports/latex_text.h"
#include "reports/paper_table.h"
#include "reports/table_text.h"

namespace zerosweep {
namespace {

const std::vector<std::string> kEndings = {".html", ".md", ".tex", ".csv", ".json"};

std::string Markdown(const ReportData& data) {
  std::string text = "# " + MarkdownText(data.title) + "\n\n";
  for (const auto& [name, value] : data.facts) {
    if (!value.empty()) text += fmt::format("- {}: {}\n", name, MarkdownText(value));
  }
  text += "\n## Leaderboard\n\n";
  if (const std::string shared = SharedSettings(data.rows); !shared.empty())
    text += MarkdownText(shared) + "\n\n";
  text += TableAsMarkdown(LeaderboardForPeople(data.rows));
  for (const std::string& note : Notes(data.rows)) text += "\n" + MarkdownText(note) + "\n";
  if (!data.failures.rows.empty()) {
    text += "\n## Failures\n\n" + TableAsMarkdown(data.failures);
  }
  return text;
}

// The shared settings are text below the table: a comment would not be printed.
std::string Latex(const std::vector<LeaderboardRow>& rows) {
  std::string text = TableAsLatex(LeaderboardForPeople(rows));
  if (const std::string shared = SharedSettings(rows); !shared.empty())
    text += "\n\\noindent{\\footnotesize " + LatexText(shared) + "}\n";
  for (const std::string& note : Notes(rows)) text += fmt::format("% {}\n", note);
  return text;
}

}  // namespace

void WriteReport(const ResultsReader& reader, const std::string& sweep, const PaperSettings& papers,
                 const std::filesystem::path& path) {
  const std::string ending = path.extension();
  const auto board = [&] {
    auto rows = Leaderboard(reader, papers, sweep);
    AddPublished(rows, papers);
    return rows;
  };
  if (ending == ".html") {
    WriteHtmlReport(reader, sweep, papers, path);
  } else if (ending == ".md") {
    WriteFileAtomically(path, Markdown(ReadReport(reader, sweep, papers)));
  } else if (ending == ".tex") {
    WriteFileAtomically(path, Latex(board()));
  } else if (ending == ".csv") {
    WriteFileAtomically(path, TableAsCsv(LeaderboardTable(board())));
  } else if (ending == ".json") {
    WriteFileAtomically(path, TableAsJson(LeaderboardTable(board())));
  } else if (ending == ".parquet") {
    Fail(
        ErrorKind::kUsage,
        "report: Parquet is not written here: DuckDB makes it of {} (ATTACH … (TYPE sqlite)) or of "
        "a .csv report, with COPY (SELECT …) TO '{}'",
        reader.home().database().string(), path.filename().string());
  } else {
    Fail(ErrorKind::kUsage, "report: {} ends in '{}'; known endings are {}", path.string(), ending,
         Join(kEndings, ", "));
  }
}

void WritePaperTables(const ResultsReader& reader, const std::string& sweep,
                      const PaperSettings& papers, const std::string& paper, bool recalled,
                      const std::filesystem::path& path) {
  const std::map<std::string, std::string (*)(const std::vector<PaperTable>&)> writers = {
      {".html", PaperTablesAsHtml}, {".md", PaperTablesAsMarkdown}, {".tex", PaperTablesAsLatex}};
  const auto writer = writers.find(path.extension());
  if (writer == writers.end()) {
    Fail(ErrorKind::kUsage, "report: a paper's tables are written as .html, .md or .tex, not '{}'",
         path.extension().string());
  }
  const auto tables = PaperTables(Leaderboard(reader, papers, sweep), papers, paper, recalled);
  if (tables.empty()) {
    Fail(ErrorKind::kUsage, "report: every number of paper '{}' is from memory: give --recalled",
         paper);
  }
  WriteFileAtomically(path, writer->second(tables));
}

}  // namespace zerosweep
