// Loss curves of bounded size.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// One term over the steps of a computation, in at most kMaxBins bins of equally many values. When
// all bins are full, neighbours merge.
class Curve {
 public:
  static constexpr size_t kMaxBins = 512;

  void Add(double value);

  bool empty() const { return bins_.empty(); }
  double first() const { return first_; }
  double last() const { return last_; }
  int64_t count() const;  // number of values

  // By bin: {"x": [middle step], "y": [mean], "min": […], "max": […]}
  Json ToJson() const;
  // The whole state, to resume from: bins, first and last value.
  Json State() const;
  static Curve FromState(const Json& state);

 private:
  struct Bin {
    double min = 0, sum = 0, max = 0;
    int64_t count = 0;
  };

  std::vector<Bin> bins_;
  int64_t values_per_bin_ = 1;
  double first_ = 0, last_ = 0;
};

using Curves = std::map<std::string, Curve>;  // by loss term

Json CurvesToJson(const Curves& curves);
Json CurvesState(const Curves& curves);
Curves CurvesFromState(const Json& state);

}  // namespace zerosweep
