// report.html: one file that needs nothing else and lets nothing else in.
#pragma once

#include <filesystem>
#include <string>

#include "reports/report_data.h"

namespace zerosweep {

// The page: facts, sortable leaderboard, plots of accuracy against bits with their numbers, bits by
// layer with their frontiers, failures, samples of images, loss curves. A strict
// Content-Security-Policy allows its own style and script by hash, images that it holds itself, and
// nothing else; all stored text is escaped. `made` is the time it
// says it was made at (ISO-8601).
std::string HtmlReport(const ReportData& data, const std::string& made);

// Reads and writes it (temporary name + rename). Throws kUsage for an unknown sweep, kStorage when
// the file cannot be written.
void WriteHtmlReport(const ResultsReader& reader, const std::string& sweep,
                     const std::filesystem::path& path);

}  // namespace zerosweep
