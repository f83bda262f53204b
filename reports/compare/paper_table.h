// A paper's own tables with our rows beneath the paper's.
#pragma once

#include <string>
#include <vector>

#include "reports/compare/compare.h"

namespace zerosweep {

struct PaperCell {
  std::string text;          // "64.99", "63.20 ± 0.15"; empty: not in the table
  bool best = false;         // of the paper's rows with these bits, or of ours
  bool second = false;       // the next
  bool from_memory = false;  // never best or second
};

struct PaperRow {
  std::string bits;    // "W4A4"; the rows of a group follow each other
  std::string method;  // as printed; ours: "ours: genie [iterations 1000, images 256]"
  bool ours = false;
  std::vector<PaperCell> cells;  // by network
};

struct PaperTable {
  std::string title;                  // "Genie (Jeon et al., CVPR 2023), Table 3"
  std::vector<std::string> networks;  // "ResNet-18 (71.01)": with the teacher's accuracy
  std::vector<PaperRow> rows;
};

// The tables of one paper (a slug), in its order: groups of bits, in each its methods, beneath each
// the rows of ours that it may be held against; of several of one name the one that differs least
// from the paper's, of equally near ones each with its network and protocol. Top-1 alone. Numbers
// from memory only with `recalled`; a table that has no other number is then left out. Throws
// kUsage for an unknown paper.
std::vector<PaperTable> PaperTables(const std::vector<LeaderboardRow>& board,
                                    const PaperSettings& papers, const std::string& paper,
                                    bool recalled);

// Best is bold, second underlined, from memory grey and in parentheses.
std::string PaperTablesAsMarkdown(const std::vector<PaperTable>& tables);
// Needs \usepackage{booktabs,xcolor}.
std::string PaperTablesAsLatex(const std::vector<PaperTable>& tables);
std::string PaperTablesAsHtml(const std::vector<PaperTable>& tables);

}  // namespace zerosweep
