// report.html: one self-contained file that loads nothing from outside.
#pragma once

#include <string>

#include "reports/page/report_data.h"

namespace zerosweep {

// The page: facts, the leaderboard (sortable, filterable, with the origin of each accuracy),
// conclusions, plots of accuracy against bits and costs with their numbers, bits by layer with
// frontiers and sensitivities, failures, sample images, loss curves. All stored text is escaped.
// `made` is the time of creation that the page states (ISO-8601).
std::string HtmlReport(const ReportData& data, const std::string& made);

}  // namespace zerosweep
