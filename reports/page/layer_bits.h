// Configurations whose ops differ in bits: what was chosen, and the frontier it was chosen from.
#pragma once

#include <string>
#include <vector>

#include "reports/html/frontier_plot.h"
#include "reports/leaderboard/filter.h"

namespace zerosweep {

struct LayerBits {
  std::string title;  // "zeroq_mp WMP4A8, cifar10, resnet20"
  FrontierPlot plot;  // a line for each seed; none where bits were given op by op
  Table table;        // op, then a column for each seed
  // op, then Ω in nats with the op alone at each width ("2 bits", …), of the first seed whose
  // artifact is there; without rows where nothing was measured.
  Table sensitivities;
};

// By configuration, of the trials whose quantization is done; at most 24.
std::vector<LayerBits> ReadLayerBits(const ResultsReader& reader, const FilterSql& filter);

// Points of a packed curve: pairs of 32-bit floats x, y.
std::vector<double> UnpackCurve(const Json::binary_t& bytes, bool y);

}  // namespace zerosweep
