// `report -o FILE`: the file's ending determines the format.
#pragma once

#include <filesystem>
#include <string>

#include "reports/compare/compare.h"
#include "storage/results/results.h"

namespace zerosweep {

// Writes the tables of a paper with our rows beneath (paper_table.h), as .html, .md or .tex. Throws
// kUsage for another ending or a paper without numbers.
void WritePaperTables(const ResultsReader& reader, const std::string& sweep,
                      const PaperSettings& papers, const std::string& paper, bool recalled,
                      const std::filesystem::path& path);

// Writes the whole report (.html) or the leaderboard (.md, .tex with booktabs, .csv, .json). Throws
// kUsage for another ending or an unknown sweep, kStorage when the file cannot be written.
void WriteReport(const ResultsReader& reader, const std::string& sweep, const PaperSettings& papers,
                 const std::filesystem::path& path);

}  // namespace zerosweep
