// Plots as inline SVG, coloured by the page's classes c0 … c7 (currentColor).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

// Escapes text for HTML and SVG, in attributes too.
std::string EscapeHtml(const std::string& text);

struct PlotPoint {
  size_t x = 0;  // index into the labels
  double y = 0;
  std::optional<double> error;  // half the length of the bar
};
struct PlotSeries {
  std::string name;
  std::vector<PlotPoint> points;  // ascending x
};
struct CategoryPlot {
  std::string title, y_label;
  std::vector<std::string> labels;  // of the x axis, left to right
  std::vector<PlotSeries> series;
  std::optional<double> reference;  // drawn as a dashed horizontal line
  std::string reference_name;
};

// Returns one <svg role="img"> with title and description. Its numbers are in the table next to it.
std::string DrawCategoryPlot(const CategoryPlot& plot);

struct Curve {
  std::string title;  // "zeroq W4A4, seed 0: loss"
  std::vector<double> x, y;
};
// Draws a small line plot. Points that are not finite are left out.
std::string DrawCurve(const Curve& curve);

inline constexpr size_t kPlotColors = 8;

}  // namespace zerosweep
