// A paper's own tables, with our rows beneath the paper's.
#pragma once

#include <string>
#include <vector>

#include "reports/compare/compare.h"

namespace zerosweep {

struct PaperCell {
  std::string text;          // "64.99", "63.20 ± 0.15"; empty: not in the table
  bool best = false;         // among the paper's rows with these bits, or among ours
  bool second = false;       // the second best
  bool from_memory = false;  // then never best or second
};

struct PaperRow {
  std::string bits;    // "W4A4"; rows of a group are consecutive
  std::string method;  // as printed; ours: "ours: genie [iterations 1000, images 256]"
  bool ours = false;
  std::vector<PaperCell> cells;  // one for each network
};

struct PaperTable {
  std::string title;                  // "Genie (Jeon et al., CVPR 2023), Table 3"
  std::vector<std::string> networks;  // "ResNet-18 (71.01)": with the teacher's accuracy
  std::vector<PaperRow> rows;
};

// Returns the tables of one paper (a slug), in its order. Rows are grouped by bits and within them
// by the paper's method, with our comparable rows beneath each. Where several of our rows have one
// name, the one that differs least from the paper's is shown; those that differ equally are shown
// each with network and protocol. Top-1 only. Without `recalled`, numbers from memory and tables
// that consist of them are left out. Throws kUsage for an unknown paper.
std::vector<PaperTable> PaperTables(const std::vector<LeaderboardRow>& board,
                                    const PaperSettings& papers, const std::string& paper,
                                    bool recalled);

// The best number is bold, the second underlined; one from memory is grey and in parentheses.
std::string PaperTablesAsMarkdown(const std::vector<PaperTable>& tables);
// Needs \usepackage{booktabs,xcolor}.
std::string PaperTablesAsLatex(const std::vector<PaperTable>& tables);
std::string PaperTablesAsHtml(const std::vector<PaperTable>& tables);

}  // namespace zerosweep
