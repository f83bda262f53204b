// Parts shared by all plots.
#pragma once

#include <string>

namespace zerosweep {

// Maps data to the plot's pixels.
struct PlotScale {
  double low = 0, high = 1;
  double from = 0, to = 1;
  double operator()(double v) const { return from + (v - low) / (high - low) * (to - from); }
};

// The frame of a full-size plot, in pixels.
inline constexpr double kPlotWidth = 640, kPlotHeight = 320;
inline constexpr double kPlotLeft = 56, kPlotRight = 16, kPlotTop = 16, kPlotBottom = 40;

// Returns "<svg role=img …>" with title and description.
std::string SvgOpening(double width, double height, const std::string& title,
                       const std::string& description);
// Maps low … high, with a margin on both sides, to pixels from `bottom` up to `top`.
PlotScale PaddedScale(double low, double high, double top, double bottom);
// The mark of a point; `shape` cycles through three shapes.
std::string SvgMarker(size_t shape, double x, double y);
// The mark of a series; its shape changes each time that the colours start again.
std::string SvgSeriesMarker(size_t series, double x, double y);
// A horizontal line across the plot at pixel y, with its number at the left.
std::string SvgGridLine(double y, const std::string& number);
// Lines with their numbers, and the label of the vertical axis.
std::string SvgVerticalAxis(const PlotScale& y, const std::string& label);
// The label at the vertical axis.
std::string SvgVerticalLabel(const std::string& label);

}  // namespace zerosweep
