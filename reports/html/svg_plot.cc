#include "reports/html/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "reports/html/svg_parts.h"

namespace zerosweep {
namespace {

std::string DrawSeries(const PlotSeries& series, size_t index, const std::vector<double>& xs,
                       const PlotScale& y) {
  std::string line, marks;
  for (const PlotPoint& point : series.points) {
    const double px = xs[point.x], py = y(point.y);
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", px, py);
    if (point.error) {
      marks += fmt::format(R"(<path d="M{0:.1f} {1:.1f}V{2:.1f}"/>)", px, y(point.y - *point.error),
                           y(point.y + *point.error));
    }
    marks += SvgSeriesMarker(index, px, py);
  }
  return fmt::format(R"(<g class="c{}"><title>{}</title><path class="line" d="{}"/>{}</g>)",
                     index % kPlotColors, EscapeHtml(series.name), line, marks);
}

}  // namespace

std::string EscapeHtml(const std::string& text) {
  static const std::map<char, std::string> kEntities = {
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
  std::string out;
  for (const char c : text) {
    const auto entity = kEntities.find(c);
    out += entity == kEntities.end() ? std::string(1, c) : entity->second;
  }
  return out;
}

std::string DrawCategoryPlot(const CategoryPlot& plot) {
  double low = plot.reference.value_or(std::numeric_limits<double>::infinity());
  double high = plot.reference.value_or(-std::numeric_limits<double>::infinity());
  std::vector<std::string> names;
  for (const PlotSeries& series : plot.series) {
    names.push_back(series.name);
    for (const PlotPoint& point : series.points) {
      low = std::min(low, point.y - point.error.value_or(0));
      high = std::max(high, point.y + point.error.value_or(0));
    }
  }
  const PlotScale y = PaddedScale(low, high, kPlotTop, kPlotHeight - kPlotBottom);
  std::string svg =
      SvgOpening(kPlotWidth, kPlotHeight, plot.title,
                 fmt::format("Lines of {} over {}; the numbers are in the table below.",
                             fmt::join(names, ", "), fmt::join(plot.labels, ", ")));
  svg += SvgVerticalAxis(y, plot.y_label);
  std::vector<double> xs;
  const double step =
      (kPlotWidth - kPlotLeft - kPlotRight) / static_cast<double>(plot.labels.size());
  for (size_t i = 0; i < plot.labels.size(); ++i) {
    xs.push_back(kPlotLeft + step * (static_cast<double>(i) + 0.5));
    svg += fmt::format(R"(<text x="{:.1f}" y="{:g}" text-anchor="middle">{}</text>)", xs[i],
                       kPlotHeight - kPlotBottom + 20, EscapeHtml(plot.labels[i]));
  }
  if (plot.reference) {
    svg += fmt::format(
        R"(<line class="reference" x1="{0:g}" x2="{1:g}" y1="{2:.1f}" y2="{2:.1f}"/><text x="{1:g}" y="{3:.1f}" text-anchor="end">{4}</text>)",
        kPlotLeft, kPlotWidth - kPlotRight, y(*plot.reference), y(*plot.reference) - 5,
        EscapeHtml(plot.reference_name));
  }
  for (size_t i = 0; i < plot.series.size(); ++i) svg += DrawSeries(plot.series[i], i, xs, y);
  return svg + "</svg>";
}

std::string DrawCurve(const Curve& curve) {
  constexpr double kSmallWidth = 240, kSmallHeight = 110;
  std::vector<std::pair<double, double>> points;
  for (size_t i = 0; i < curve.x.size(); ++i) {
    if (std::isfinite(curve.x[i]) && std::isfinite(curve.y[i])) {
      points.emplace_back(curve.x[i], curve.y[i]);
    }
  }
  if (points.empty()) return "";
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [low, high] = std::minmax_element(points.begin(), points.end(), less);
  const PlotScale y = PaddedScale(low->second, high->second, 4, kSmallHeight - 4);
  const double last = points.back().first, first = points.front().first;
  const PlotScale x{first, last > first ? last : first + 1, 4, kSmallWidth - 4};
  std::string line;
  for (const auto& [px, py] : points) {
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", x(px), y(py));
  }
  return SvgOpening(kSmallWidth, kSmallHeight, curve.title,
                    fmt::format("From {:.4g} at {:g} to {:.4g} at {:g}.", points.front().second,
                                first, points.back().second, last)) +
         fmt::format(R"(<g class="c0"><path class="line" d="{}"/></g></svg>)", line);
}

}  // namespace zerosweep
