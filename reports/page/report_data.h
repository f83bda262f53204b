// All the data of a sweep's report, read once.
#pragma once

#include <string>
#include <vector>

#include "reports/compare/compare.h"
#include "reports/compare/versus.h"
#include "reports/html/svg_plot.h"
#include "reports/leaderboard/leaderboard.h"
#include "reports/page/layer_bits.h"
#include "reports/page/samples.h"

namespace zerosweep {

struct ReportData {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;  // "trials" → "18: 17 done, 1 failed"
  std::vector<LeaderboardRow> rows;
  std::vector<VersusRow> leaders;  // the best against the second best
  Json provenance;                 // of `rows`
  Table failures;                  // method, bits, seed, dataset, model, error
  std::vector<LayerBits> layer_bits;
  Samples samples;
  std::vector<Curve> curves;  // of losses
};

// An empty sweep means the whole home. Throws kUsage for an unknown one.
ReportData ReadReport(const ResultsReader& reader, const std::string& sweep,
                      const PaperSettings& papers);

}  // namespace zerosweep
