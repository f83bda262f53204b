#include "reports/html/svg_parts.h"

#include <fmt/format.h>

#include "reports/html/svg_plot.h"

namespace zerosweep {

std::string SvgOpening(double width, double height, const std::string& title,
                       const std::string& description) {
  return fmt::format(R"(<svg role="img" viewBox="0 0 {:g} {:g}"><title>{}</title><desc>{}</desc>)",
                     width, height, EscapeHtml(title), EscapeHtml(description));
}

PlotScale PaddedScale(double low, double high, double top, double bottom) {
  if (!(high > low)) {
    low -= 0.5;
    high += 0.5;
  }
  const double margin = 0.06 * (high - low);
  return {low - margin, high + margin, bottom, top};
}

std::string SvgMarker(size_t shape, double x, double y) {
  switch (shape % 3) {
    case 0:
      return fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4.5"/>)", x, y);
    case 1:
      return fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="8" height="8"/>)", x - 4, y - 4);
    default:
      return fmt::format(R"(<path d="M{:.1f} {:.1f}l5 9h-10z"/>)", x, y - 6);
  }
}

std::string SvgSeriesMarker(size_t series, double x, double y) {
  return SvgMarker(series / kPlotColors + series, x, y);
}

std::string SvgVerticalAxis(const PlotScale& y, const std::string& label) {
  constexpr int kTicks = 5;
  const double span = y.high - y.low;
  const int digits = span < 0.1 ? 4 : span < 1 ? 2 : 1;
  std::string svg;
  for (int i = 0; i <= kTicks; ++i) {
    const double value = y.low + span * i / kTicks;
    svg += SvgGridLine(y(value), fmt::format("{:.{}f}", value, digits));
  }
  return svg + SvgVerticalLabel(label);
}

std::string SvgGridLine(double y, const std::string& number) {
  return fmt::format(
      R"(<line class="grid" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/><text x="{:g}" y="{:.1f}" text-anchor="end">{}</text>)",
      kPlotLeft, kPlotWidth - kPlotRight, y, y, kPlotLeft - 6, y + 4, number);
}

std::string SvgVerticalLabel(const std::string& label) {
  return fmt::format(
      R"svg(<text transform="translate(12 {:g}) rotate(-90)" text-anchor="middle">{}</text>)svg",
      (kPlotTop + kPlotHeight - kPlotBottom) / 2, EscapeHtml(label));
}

}  // namespace zerosweep
