#include "reports/text/sparkline.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zerosweep {
namespace {

constexpr const char* kLevels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr double kDecades = 100;

}  // namespace

bool OnLogScale(const std::vector<double>& values) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return low > 0 && high > kDecades * low;
}

std::string Sparkline(const std::vector<double>& values, size_t width) {
  const bool log = OnLogScale(values);
  const size_t parts = std::min(width, values.size());
  std::vector<double> means;  // not finite: a gap
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (size_t part = 0; part < parts; ++part) {
    const size_t begin = part * values.size() / parts, end = (part + 1) * values.size() / parts;
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += log ? std::log(values[i]) : values[i];
    means.push_back(sum / static_cast<double>(end - begin));
    if (!std::isfinite(means.back())) continue;
    low = std::min(low, means.back());
    high = std::max(high, means.back());
  }
  std::string line;
  for (const double mean : means) {
    if (!std::isfinite(mean)) {
      line += ' ';
      continue;
    }
    const double height = high > low ? (mean - low) / (high - low) : 0.5;
    const auto level = static_cast<size_t>(height * std::size(kLevels));
    line += kLevels[std::min(level, std::size(kLevels) - 1)];
  }
  return line;
}

}  // namespace zerosweep
