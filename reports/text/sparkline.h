// A curve as a line of text: "█▅▃▂▁▁".
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace zerosweep {

// Whether a sparkline shows the logarithms of these values: every finite one is positive, and they
// span more than two decades.
bool OnLogScale(const std::vector<double>& values);

// One of ▁▂▃▄▅▆▇█ for each value, or for the mean of each of `width` equal parts if there are more
// values. The lowest and highest values are the ends of the scale; a constant curve is drawn in the
// middle. A value that is not finite is a blank. REQUIRES: width ≥ 1.
std::string Sparkline(const std::vector<double>& values, size_t width);

}  // namespace zerosweep
