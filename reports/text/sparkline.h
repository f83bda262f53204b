// A curve as a word: "█▅▃▂▁▁".
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace zerosweep {

// Whether a sparkline shows the logarithms of these values: every finite one is positive, and they
// span more than two decades.
bool OnLogScale(const std::vector<double>& values);

// One of ▁▂▃▄▅▆▇█ for each value, or for the mean of each of `width` equal parts where there are
// more values; lowest and highest are the ends of the scale, a curve that stays where it is runs in
// the middle. A blank where a value is not finite. REQUIRES: width ≥ 1.
std::string Sparkline(const std::vector<double>& values, size_t width);

}  // namespace zerosweep
