#include "reports/html_report.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/base64.h"
#include "base/clock.h"
#include "base/files.h"
#include "reports/html_page.h"
#include "reports/svg_plot.h"
#include "reports/table_text.h"

namespace zerosweep {
namespace {

std::string HtmlTable(const Table& table, bool sortable) {
  std::string html = sortable ? "<div class=scroll><table class=sortable><thead><tr>"
                              : "<div class=scroll><table><thead><tr>";
  std::vector<const char*> classes;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    classes.push_back(IsNumericColumn(table, c) ? " class=n" : "");
    const std::string name = EscapeHtml(table.columns[c]);
    html += fmt::format("<th scope=col{}>{}</th>", classes[c],
                        sortable ? "<button type=button>" + name + "</button>" : name);
  }
  html += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t c = 0; c < row.size(); ++c) {
      html += fmt::format("<td{}>{}</td>", classes[c],
                          row[c].is_null() ? "–" : EscapeHtml(CellText(row[c])));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string SeriesName(const LeaderboardRow& row, bool with_protocol) {
  const std::string name = VariantName(row);
  return with_protocol ? name + ", " + row.protocol : name;
}

// The plot of one dataset and model. Rows come with bits from high to low; of several
// configurations with one name, the best is drawn.
CategoryPlot BitsPlot(const std::vector<const LeaderboardRow*>& rows) {
  const LeaderboardRow& first = *rows.front();
  CategoryPlot plot{
      .title = fmt::format("Top-1 accuracy against bits: {}, {}", first.dataset, first.model),
      .y_label = "top-1 %",
      .labels = {},
      .series = {},
      .reference = first.fp32_top1,
      .reference_name = "FP32"};
  std::set<std::string> protocols;
  for (const auto* row : rows) protocols.insert(row->protocol);
  std::map<std::string, size_t> series_of;
  for (const auto* row : rows) {
    const std::string bits = BitsName(row->bits);
    if (plot.labels.empty() || plot.labels.back() != bits) plot.labels.push_back(bits);
    const std::string name = SeriesName(*row, protocols.size() > 1);
    const auto [place, is_new] = series_of.try_emplace(name, plot.series.size());
    if (is_new) plot.series.push_back({name, {}});
    auto& points = plot.series[place->second].points;
    const size_t x = plot.labels.size() - 1;
    if (points.empty() || points.back().x != x)
      points.push_back({x, row->top1_mean, row->top1_std});
  }
  return plot;
}

std::string PlotTable(const CategoryPlot& plot) {
  Table table;
  table.columns = {"method"};
  table.columns.insert(table.columns.end(), plot.labels.begin(), plot.labels.end());
  for (const PlotSeries& series : plot.series) {
    auto& row = table.rows.emplace_back(1, series.name);
    row.resize(table.columns.size());
    for (const PlotPoint& point : series.points) {
      row[point.x + 1] = fmt::format("{:.2f}", point.y);
    }
  }
  return HtmlTable(table, false);
}

std::string Legend(const std::vector<std::string>& names) {
  std::string html = "<ul class=legend>";
  for (size_t i = 0; i < names.size(); ++i) {
    html +=
        fmt::format("<li class=c{}><span>{}</span></li>", i % kPlotColors, EscapeHtml(names[i]));
  }
  return html + "</ul>";
}

template <typename Line>
std::vector<std::string> NamesOf(const std::vector<Line>& lines) {
  std::vector<std::string> names;
  for (const Line& line : lines) names.push_back(line.name);
  return names;
}

std::string Plots(const std::vector<LeaderboardRow>& rows) {
  std::map<std::pair<std::string, std::string>, std::vector<const LeaderboardRow*>> blocks;
  for (const LeaderboardRow& row : rows) blocks[{row.dataset, row.model}].push_back(&row);
  std::string html;
  for (const auto& [key, block] : blocks) {
    const CategoryPlot plot = BitsPlot(block);
    html += fmt::format(
        "<figure><figcaption>{}</figcaption>\n{}\n{}\n<details><summary>The numbers</summary>{}"
        "</details></figure>\n",
        EscapeHtml(plot.title), DrawCategoryPlot(plot), Legend(NamesOf(plot.series)),
        PlotTable(plot));
  }
  return html;
}

std::string LayerBitsSection(const std::vector<LayerBits>& configurations) {
  if (configurations.empty()) return "";
  std::string html =
      "<h2>Bits by layer</h2>\n<p>Ω is the Kullback–Leibler divergence of the outputs that the "
      "sensitivities of the ops add up to. Marked: what was chosen; dashed: the budget.</p>\n";
  for (const LayerBits& bits : configurations) {
    const std::string svg = DrawFrontier(bits.plot);
    html += fmt::format(
        "<figure><figcaption>{}</figcaption>\n{}\n<details><summary>The bits"
        "</summary>{}</details></figure>\n",
        EscapeHtml(bits.title), svg.empty() ? "" : svg + "\n" + Legend(NamesOf(bits.plot.lines)),
        HtmlTable(bits.table, false));
  }
  return html;
}

std::string SamplesSection(const Samples& samples) {
  if (samples.grids.empty()) return "";
  std::string html =
      "<h2>Samples</h2>\n<p>The first images that each method calibrates or trains on.</p>\n"
      "<div class=samples>\n";
  for (const SampleGrid& grid : samples.grids) {
    const std::string title = EscapeHtml(grid.title);
    html += fmt::format(
        "<figure><figcaption>{0}</figcaption><img alt=\"Samples of {0}\" "
        "src=\"data:image/png;base64,{1}\"></figure>\n",
        title, Base64(grid.png));
  }
  html += "</div>\n";
  if (samples.more)
    html += fmt::format("<p>These are the first {}; there are more.</p>\n", samples.grids.size());
  return html;
}

std::string Curves(const std::vector<Curve>& curves) {
  if (curves.empty()) return "";
  std::string html = "<h2>Loss curves</h2><div class=curves>\n";
  for (const Curve& curve : curves) {
    const std::string svg = DrawCurve(curve);
    if (svg.empty()) continue;
    html += fmt::format("<figure><figcaption>{}: {:.4g} → {:.4g}</figcaption>{}</figure>\n",
                        EscapeHtml(curve.title), curve.y.front(), curve.y.back(), svg);
  }
  return html + "</div>\n";
}

}  // namespace

std::string HtmlReport(const ReportData& data, const std::string& made) {
  std::string html = fmt::format("<p>Made by Zerosweep at {}.</p>\n<dl>\n", EscapeHtml(made));
  for (const auto& [name, value] : data.facts) {
    if (value.empty()) continue;
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", EscapeHtml(name), EscapeHtml(value));
  }
  html += "</dl>\n<h2>Leaderboard</h2>\n";
  if (data.rows.empty()) {
    html += "<p>No trial is done yet.</p>\n";
  } else {
    html +=
        "<p>Top-1 is mean ± standard deviation over n distinct evaluations; drop is against the "
        "FP32 teacher, in points. Press a heading to sort.</p>\n" +
        HtmlTable(LeaderboardForPeople(data.rows), true);
    if (HasIncomparable(data.rows)) html += fmt::format("<p>{}.</p>\n", kIncomparableNote);
    html += "<h2>Accuracy against bits</h2>\n" + Plots(data.rows);
  }
  html += LayerBitsSection(data.layer_bits);
  if (!data.failures.rows.empty()) {
    html += "<h2>Failures</h2>\n" + HtmlTable(data.failures, false);
  }
  html += SamplesSection(data.samples);
  html += Curves(data.curves);
  return HtmlPage(data.title, html);
}

void WriteHtmlReport(const ResultsReader& reader, const std::string& sweep,
                     const std::filesystem::path& path) {
  WriteFileAtomically(path, HtmlReport(ReadReport(reader, sweep), IsoUtc(SystemClock().Unix())));
}

}  // namespace zerosweep
