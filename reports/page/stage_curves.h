// The stored loss curves of single stages.
#pragma once

#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

struct StageCurve {
  std::string stage, kind, implementation, term;
  std::vector<double> values;  // at most 512; may hold what is not finite
};

// By stage in the order of their making, then by term; the curves of losses alone. An unknown name
// has none.
std::vector<StageCurve> CurvesOfTrial(const ResultsReader& reader, const std::string& trial);
std::vector<StageCurve> CurvesOfStage(const ResultsReader& reader, const std::string& stage);

// For people: a line for each, under the name of its stage: term, first → last value, sparkline.
// Empty for none.
std::string CurveLines(const std::vector<StageCurve>& curves);

// stage, term, points, first, last: what is not finite is null.
Json CurvesAsJson(const std::vector<StageCurve>& curves);

}  // namespace zerosweep
