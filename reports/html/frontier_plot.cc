#include "reports/html/frontier_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "reports/html/svg_parts.h"
#include "reports/html/svg_plot.h"

namespace zerosweep {
namespace {

constexpr int kSizeTicks = 4;
constexpr int kMaxDecades = 8;

bool HasPlace(double x, double y) { return std::isfinite(x) && std::isfinite(y) && y > 0; }

struct Frame {
  PlotScale x, y;  // y maps log10 Ω
};

// Scales that contain everything drawn; nullopt if nothing is.
std::optional<Frame> FrameOf(const FrontierPlot& plot) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  double left = kNone, right = -kNone, low = kNone, high = -kNone;
  const auto include = [&](double x, double y) {
    if (!HasPlace(x, y)) return;
    left = std::min(left, x);
    right = std::max(right, x);
    low = std::min(low, std::floor(std::log10(y)));
    high = std::max(high, std::ceil(std::log10(y)));
  };
  for (const FrontierLine& line : plot.lines) {
    for (size_t i = 0; i < line.x.size(); ++i) include(line.x[i], line.y[i]);
    include(line.size, line.omega);
  }
  if (left > right) return std::nullopt;
  left = std::min(left, plot.budget);
  right = std::max(right, plot.budget);
  if (!(right > left)) right = left + 1;
  if (!(high > low)) high = low + 1;
  return Frame{{left, right, kPlotLeft, kPlotWidth - kPlotRight},
               {low, high, kPlotHeight - kPlotBottom, kPlotTop}};
}

std::string Axes(const Frame& frame) {
  std::string svg;
  const int decades = static_cast<int>(frame.y.high - frame.y.low);
  const int step = decades / (kMaxDecades + 1) + 1;
  for (int i = 0; i <= decades; i += step) {
    const double power = frame.y.low + i;
    svg += SvgGridLine(frame.y(power), fmt::format("{:g}", std::pow(10.0, power)));
  }
  for (int i = 0; i <= kSizeTicks; ++i) {
    const double bytes = frame.x.low + (frame.x.high - frame.x.low) * i / kSizeTicks;
    svg += fmt::format(R"(<text x="{:.1f}" y="{:g}" text-anchor="{}">{}</text>)", frame.x(bytes),
                       kPlotHeight - kPlotBottom + 20,
                       i == 0 ? "start" : (i == kSizeTicks ? "end" : "middle"), HumanBytes(bytes));
  }
  return svg + SvgVerticalLabel("Ω (nats)");
}

std::string DrawLine(const FrontierLine& line, size_t index, const Frame& frame) {
  std::string path;
  for (size_t i = 0; i < line.x.size(); ++i) {
    if (!HasPlace(line.x[i], line.y[i])) continue;
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.x(line.x[i]),
                        frame.y(std::log10(line.y[i])));
  }
  const bool marked = HasPlace(line.size, line.omega);
  return fmt::format(
      R"(<g class="c{}"><title>{}</title><path class="line" d="{}"/>{}</g>)", index % kPlotColors,
      EscapeHtml(line.name), path,
      marked ? SvgMarker(index, frame.x(line.size), frame.y(std::log10(line.omega))) : "");
}

}  // namespace

std::string DrawFrontier(const FrontierPlot& plot) {
  const auto frame = FrameOf(plot);
  if (!frame) return "";
  std::string svg = SvgOpening(kPlotWidth, kPlotHeight, plot.title,
                               "The lowest sensitivity at every size of the weights; the marked "
                               "points were chosen, the dashed line is the budget.");
  svg += Axes(*frame);
  svg += fmt::format(R"(<line class="reference" x1="{0:.1f}" x2="{0:.1f}" y1="{1:g}" y2="{2:g}"/>)",
                     frame->x(plot.budget), kPlotTop, kPlotHeight - kPlotBottom);
  for (size_t i = 0; i < plot.lines.size(); ++i) svg += DrawLine(plot.lines[i], i, *frame);
  return svg + "</svg>";
}

}  // namespace zerosweep
