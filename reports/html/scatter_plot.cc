#include "reports/html/scatter_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "reports/html/svg_parts.h"
#include "reports/html/svg_plot.h"

namespace zerosweep {
namespace {

constexpr double kLogarithmicFrom = 8;  // highest cost / lowest
constexpr int kLinearTicks = 4;

// The horizontal axis, linear or in log10.
struct CostAxis {
  bool logarithmic = false;
  PlotScale scale;
  double operator()(double cost) const { return scale(logarithmic ? std::log10(cost) : cost); }
};

CostAxis AxisOf(double low, double high) {
  CostAxis axis;
  axis.logarithmic = high / low >= kLogarithmicFrom;
  const double from = axis.logarithmic ? std::log10(low) : low;
  const double to = axis.logarithmic ? std::log10(high) : high;
  const double margin = 0.04 * (to - from);
  axis.scale = {from - margin, to + margin, kPlotLeft, kPlotWidth - kPlotRight};
  return axis;
}

// Ticks at 1, 2 and 5 of each decade (only 1 from three decades on), or four equal steps.
std::vector<double> Ticks(const CostAxis& axis, double low, double high) {
  std::vector<double> ticks;
  if (!axis.logarithmic) {
    for (int i = 0; i <= kLinearTicks; ++i) ticks.push_back(low + (high - low) * i / kLinearTicks);
    return ticks;
  }
  const bool many = high / low >= 1000;
  for (int power = static_cast<int>(std::floor(std::log10(low)));
       std::pow(10.0, power) <= high * 1.001; ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double tick = digit * std::pow(10.0, power);
      if ((digit == 1 || !many) && tick >= low * 0.999 && tick <= high * 1.001)
        ticks.push_back(tick);
    }
  }
  return ticks;
}

std::string Path(const std::vector<std::pair<double, double>>& points) {
  std::string path;
  for (const auto& [x, y] : points)
    path +=
        path.empty() ? fmt::format("M{:.1f} {:.1f}", x, y) : fmt::format("H{:.1f}V{:.1f}", x, y);
  return path;
}

}  // namespace

std::vector<bool> ParetoFront(const std::vector<ScatterPoint>& points) {
  std::vector<bool> front(points.size(), true);
  std::map<size_t, std::vector<size_t>> groups;
  for (size_t i = 0; i < points.size(); ++i) groups[points[i].group].push_back(i);
  for (auto& [group, members] : groups) {
    std::sort(members.begin(), members.end(), [&](size_t a, size_t b) {
      return std::pair(points[a].x, -points[a].y) < std::pair(points[b].x, -points[b].y);
    });
    double best = -std::numeric_limits<double>::infinity(), cost_of_best = 0;
    for (const size_t i : members) {
      const bool is_twin = points[i].y == best && points[i].x == cost_of_best;
      front[i] = points[i].y > best || is_twin;
      if (points[i].y > best) {
        best = points[i].y;
        cost_of_best = points[i].x;
      }
    }
  }
  return front;
}

std::string DrawScatter(const ScatterPlot& plot) {
  double left = std::numeric_limits<double>::infinity(), right = 0;
  double low = left, high = -left;
  for (const ScatterPoint& point : plot.points) {
    left = std::min(left, point.x);
    right = std::max(right, point.x);
    low = std::min(low, point.y - point.error.value_or(0));
    high = std::max(high, point.y + point.error.value_or(0));
  }
  if (!(right > left)) return "";
  const CostAxis x = AxisOf(left, right);
  const PlotScale y = PaddedScale(low, high, kPlotTop, kPlotHeight - kPlotBottom);
  std::string svg =
      SvgOpening(kPlotWidth, kPlotHeight, plot.title,
                 "Points of " + plot.y_label + " over " + plot.x_label +
                     "; dashed: the Pareto front; the numbers are in the table below.");
  svg += SvgVerticalAxis(y, plot.y_label);
  for (const double tick : Ticks(x, left, right)) {
    const bool at_the_end = x(tick) > kPlotWidth - kPlotLeft;
    svg += fmt::format(R"(<text x="{:.1f}" y="{:g}" text-anchor="{}">{}</text>)",
                       at_the_end ? kPlotWidth : x(tick), kPlotHeight - kPlotBottom + 18,
                       at_the_end ? "end" : "middle", EscapeHtml(plot.tick(tick)));
  }
  const std::vector<bool> front = ParetoFront(plot.points);
  std::map<size_t, std::vector<std::pair<double, double>>> fronts;
  for (size_t i = 0; i < plot.points.size(); ++i) {
    const ScatterPoint& point = plot.points[i];
    if (front[i]) fronts[point.group].emplace_back(x(point.x), y(point.y));
  }
  for (auto& [group, points] : fronts) {
    std::sort(points.begin(), points.end());
    svg += fmt::format(R"(<path class="front" d="{}"/>)", Path(points));
  }
  for (const ScatterPoint& point : plot.points) {
    std::string bar;
    if (point.error) {
      bar = fmt::format(R"(<path d="M{:.1f} {:.1f}V{:.1f}"/>)", x(point.x),
                        y(point.y - *point.error), y(point.y + *point.error));
    }
    svg += fmt::format(R"(<g class="c{}"><title>{}</title>{}{}</g>)", point.series % kPlotColors,
                       EscapeHtml(point.label), bar,
                       SvgSeriesMarker(point.series, x(point.x), y(point.y)));
  }
  return svg + "</svg>";
}

}  // namespace zerosweep
