// report.html: one file that needs nothing else and lets nothing else in.
#pragma once

#include <string>

#include "reports/page/report_data.h"

namespace zerosweep {

// The page: facts, the leaderboard (sorted, filtered, each accuracy with its origin), what may be
// concluded, plots of accuracy against bits and cost with their numbers, bits by layer with their
// frontiers and sensitivities, failures, samples of images, loss curves. All stored text is
// escaped. `made` is the time it says it was made at (ISO-8601).
std::string HtmlReport(const ReportData& data, const std::string& made);

}  // namespace zerosweep
