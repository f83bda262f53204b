// Grids of synthetic images from the artifacts of stages.
#pragma once

#include <string>
#include <vector>

#include "reports/leaderboard/filter.h"

namespace zerosweep {

struct SampleGrid {
  std::string title;  // "zeroq: resnet20, cifar10, seed 0"
  std::string png;    // the file's bytes
};

struct Samples {
  std::vector<SampleGrid> grids;
  bool more = false;  // whether there are more than these
};

// Reads samples.png of the synthesize and quantize stages of these trials: for each configuration
// that of the lowest seed whose stage is done, and once if several share it. At most 24 grids and
// 1.5 MiB, but at least one, however large. Skips files that are missing, damaged or too large,
// with a warning; artifacts that never had one are skipped silently.
Samples ReadSamples(const ResultsReader& reader, const FilterSql& filter);

}  // namespace zerosweep
