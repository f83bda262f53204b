// Grids of synthetic images that stages left in their artifacts.
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
  bool more = false;  // than are here
};

// samples.png of the synthesize and quantize stages of these trials: of a configuration that of the
// lowest seed whose stage is done, what configurations share once, 24 and 1.5 MiB at most (but one,
// however large). One that is missing, damaged or too large is passed over with a warning; an
// artifact that never had one without.
Samples ReadSamples(const ResultsReader& reader, const FilterSql& filter);

}  // namespace zerosweep
