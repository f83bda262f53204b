// The stored loss curves of single stages.
#pragma once

#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

struct StageCurve {
  std::string stage, kind, implementation, term;
  std::vector<double> values;  // at most 512; not all need be finite
};

// The loss curves, by stage in the order of creation, then by term. Empty for an unknown name.
std::vector<StageCurve> CurvesOfTrial(const ResultsReader& reader, const std::string& trial);
std::vector<StageCurve> CurvesOfStage(const ResultsReader& reader, const std::string& stage);

// For people: for each curve a line with term, first → last value and sparkline, under the name of
// its stage. Empty if there are no curves.
std::string CurveLines(const std::vector<StageCurve>& curves);

// stage, term, points, first, last; values that are not finite are null.
Json CurvesAsJson(const std::vector<StageCurve>& curves);

}  // namespace zerosweep
