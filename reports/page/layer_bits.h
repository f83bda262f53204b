// Configurations whose ops differ in bits: the chosen bits, and the frontier they were chosen from.
#pragma once

#include <string>
#include <vector>

#include "reports/html/frontier_plot.h"
#include "reports/leaderboard/filter.h"

namespace zerosweep {

struct LayerBits {
  std::string title;  // "zeroq_mp WMP4A8, cifar10, resnet20"
  FrontierPlot plot;  // a line for each seed; empty if bits were given op by op
  Table table;        // op, then a column for each seed
  // op, then Ω in nats with only that op at each width ("2 bits", …), for the first seed whose
  // artifact exists; no rows if nothing was measured.
  Table sensitivities;
};

// Reads them by configuration, from the trials whose quantization is done; at most 24.
std::vector<LayerBits> ReadLayerBits(const ResultsReader& reader, const FilterSql& filter);

// The x or y of a packed curve: pairs of 32-bit floats.
std::vector<double> UnpackCurve(const Json::binary_t& bytes, bool y);

}  // namespace zerosweep
