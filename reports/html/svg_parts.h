// What all plots are drawn with.
#pragma once

#include <string>

namespace zerosweep {

// From data to the plot's pixels.
struct PlotScale {
  double low = 0, high = 1;
  double from = 0, to = 1;
  double operator()(double v) const { return from + (v - low) / (high - low) * (to - from); }
};

// The frame of a full-size plot, in pixels.
inline constexpr double kPlotWidth = 640, kPlotHeight = 320;
inline constexpr double kPlotLeft = 56, kPlotRight = 16, kPlotTop = 16, kPlotBottom = 40;

// "<svg role=img …>" with title and description.
std::string SvgOpening(double width, double height, const std::string& title,
                       const std::string& description);
// low … high with a margin on both sides, onto pixels from `bottom` up to `top`.
PlotScale PaddedScale(double low, double high, double top, double bottom);
// A point's mark; three shapes in turn.
std::string SvgMarker(size_t shape, double x, double y);
// The mark of a series: another shape with each round of the colours.
std::string SvgSeriesMarker(size_t series, double x, double y);
// A horizontal rule across the plot at pixel y with its number at the left.
std::string SvgGridLine(double y, const std::string& number);
// Rules with their numbers and the label of the vertical axis.
std::string SvgVerticalAxis(const PlotScale& y, const std::string& label);
// The label beside the vertical axis.
std::string SvgVerticalLabel(const std::string& label);

}  // namespace zerosweep
