// `report -o FILE`: the format follows from the file's name.
#pragma once

#include <filesystem>
#include <string>

#include "reports/compare/compare.h"
#include "storage/results/results.h"

namespace zerosweep {

// The tables of a paper with our rows beneath its own (paper_table.h), as .html, .md or .tex.
// Throws kUsage for another ending and a paper without a number.
void WritePaperTables(const ResultsReader& reader, const std::string& sweep,
                      const PaperSettings& papers, const std::string& paper, bool recalled,
                      const std::filesystem::path& path);

// .html: the whole report; .md, .tex (booktabs), .csv, .json: the leaderboard. Throws kUsage for
// another ending or an unknown sweep, kStorage when the file cannot be written.
void WriteReport(const ResultsReader& reader, const std::string& sweep, const PaperSettings& papers,
                 const std::filesystem::path& path);

}  // namespace zerosweep
