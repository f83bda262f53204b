#include "reports/page/html_report.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "reports/html/html_page.h"
#include "reports/html/html_table.h"
#include "reports/html/svg_plot.h"
#include "reports/leaderboard/leaderboard_columns.h"
#include "reports/leaderboard/settings_column.h"
#include "reports/page/html_plots.h"
#include "reports/text/base64.h"

namespace zerosweep {
namespace {

template <typename Line>
std::vector<std::string> NamesOf(const std::vector<Line>& lines) {
  std::vector<std::string> names;
  for (const Line& line : lines) names.push_back(line.name);
  return names;
}

// Drops columns without a value. A value that all rows share is stated once: "model resnet20".
std::vector<std::string> TakeUniform(Table& table) {
  static const std::set<std::string> kMayBeTold = {"dataset", "model", "FP32 %", "protocol"};
  std::vector<std::string> told;
  for (size_t c = table.columns.size(); c-- > 0;) {
    const Json first = table.rows.front()[c];
    const bool uniform = std::all_of(table.rows.begin(), table.rows.end(),
                                     [&](const auto& row) { return row[c] == first; });
    if (!uniform || (first != "–" && !kMayBeTold.contains(table.columns[c]))) continue;
    if (first != "–") told.push_back(table.columns[c] + " " + first.get<std::string>());
    const auto at = static_cast<std::ptrdiff_t>(c);
    table.columns.erase(table.columns.begin() + at);
    for (auto& row : table.rows) row.erase(row.begin() + at);
  }
  return {told.rbegin(), told.rend()};
}

// A table that can be sorted and filtered. In rows that `provenance` (ReadProvenance) contains, the
// score is a button that shows its origin. Columns without values are left out; values that all
// rows share are stated once. REQUIRES: `rows` is not empty.
std::string HtmlLeaderboard(const std::vector<LeaderboardRow>& rows, const Json& provenance) {
  Table table = LeaderboardForDisplay(rows, {"bitops", "published"});
  std::vector<std::string> uniform = TakeUniform(table);
  if (const std::string shared = SettingsOfBoard(rows).shared; !shared.empty())
    uniform.push_back("settings " + shared);
  const auto cell = [&](size_t row, const std::string& name) -> std::string {
    const std::string& id = rows[row].key;
    if (name != HeadingOfScore(rows[row]) || !provenance.at("rows").contains(id)) return "";
    const auto column = std::find(table.columns.begin(), table.columns.end(), name);
    const auto& text = table.rows[row][static_cast<size_t>(column - table.columns.begin())];
    return fmt::format("<button type=button class=why value=\"{}\">{}</button>", EscapeHtml(id),
                       EscapeHtml(text.get<std::string>()));
  };
  const std::string told =
      uniform.empty() ? "" : "<p>All rows: " + EscapeHtml(Join(uniform, " · ")) + ".</p>\n";
  return told + HtmlTable(table, {.sortable = true,
                                  .filters = {"dataset", "model", "bits", "method", "protocol"},
                                  .cell = cell});
}

std::string LeaderboardSection(const ReportData& data) {
  if (data.rows.empty()) return "<p>No trial is done yet.</p>\n";
  std::string html =
      "<p>Top-1 is mean ± standard deviation over n distinct evaluations: other seeds, never "
      "another teacher. Drop is against the FP32 teacher, in points. Settings are those that are "
      "not as in the method's paper. Press a heading to sort, an accuracy to see where it comes "
      "from.</p>\n"
      "<noscript><p>Sorting, filters and origins need this page's script.</p></noscript>\n" +
      HtmlLeaderboard(data.rows, data.provenance);
  if (const size_t known = data.provenance.at("rows").size(); known < data.rows.size())
    html += fmt::format("<p>Origins are kept of the first {} of {} rows.</p>\n", known,
                        data.rows.size());
  for (const std::string& note : Notes(data.rows)) html += fmt::format("<p>{}.</p>\n", note);
  if (std::any_of(data.rows.begin(), data.rows.end(),
                  [](const auto& row) { return row.published.has_value(); })) {
    html +=
        "<p>Published: the number of a paper that is most like the row; what still differs, "
        "<code>zerosweep compare</code> tells.</p>\n";
  }
  return html;
}

std::string LeadersSection(const std::vector<VersusRow>& leaders) {
  if (leaders.empty()) return "";
  std::string html =
      "<h2>What may be concluded</h2>\n<p>The best of each cell against the next, "
      "on the seeds and test images of both.</p>\n<ul>\n";
  for (const VersusRow& row : leaders) {
    html += fmt::format("<li><b>{}, {}, {}:</b> {}</li>\n", EscapeHtml(row.method.dataset),
                        EscapeHtml(row.method.model), EscapeHtml(BitsName(row.method.bits)),
                        EscapeHtml(Conclusion(row)));
  }
  return html + fmt::format("</ul>\n<p class=dim>{}</p>\n", kVersusNote);
}

// log10 Ω of each op, with a line for each width.
CategoryPlot SensitivityPlot(const LayerBits& bits) {
  const Table& table = bits.sensitivities;
  CategoryPlot plot{.title = "Sensitivity of each op: " + bits.title, .y_label = "log10 Ω (nats)"};
  for (size_t r = 0; r < table.rows.size(); ++r) plot.labels.push_back(std::to_string(r + 1));
  for (size_t c = 1; c < table.columns.size(); ++c) {
    PlotSeries series{table.columns[c]};
    for (size_t r = 0; r < table.rows.size(); ++r) {
      const Json& omega = table.rows[r][c];
      if (omega.is_number() && omega.get<double>() > 0)
        series.points.push_back({r, std::log10(omega.get<double>()), {}});
    }
    if (!series.points.empty()) plot.series.push_back(std::move(series));
  }
  return plot;
}

std::string SensitivityFigure(const LayerBits& bits) {
  const CategoryPlot plot = SensitivityPlot(bits);
  if (plot.series.empty()) return "";
  Table numbers = bits.sensitivities;
  for (auto& row : numbers.rows)
    for (size_t c = 1; c < row.size(); ++c)
      if (row[c].is_number()) row[c] = fmt::format("{:.3g}", row[c].get<double>());
  return HtmlFigure(plot.title, DrawCategoryPlot(plot) + "\n" + HtmlLegend(NamesOf(plot.series)),
                    "The numbers", numbers);
}

std::string LayerBitsSection(const std::vector<LayerBits>& configurations) {
  if (configurations.empty()) return "";
  std::string html =
      "<h2>Bits by layer</h2>\n<p>Ω is the Kullback–Leibler divergence of the outputs that the "
      "sensitivities of the ops add up to. Marked: what was chosen; dashed: the budget. The "
      "sensitivity of an op is that with its weights alone at few bits; ops are numbered in the "
      "network's order.</p>\n";
  for (const LayerBits& bits : configurations) {
    const std::string svg = DrawFrontier(bits.plot);
    const std::string legend = svg.empty() ? "" : "\n" + HtmlLegend(NamesOf(bits.plot.lines));
    html += HtmlFigure(bits.title, svg + legend, "The bits", bits.table) + SensitivityFigure(bits);
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
  constexpr size_t kMaxFactsOpen = 8;  // many sweeps would push the leaderboard out of sight
  std::string html = fmt::format(
      "<p>Made by Zerosweep at {}.</p>\n<details{}><summary>What was run</summary>\n<dl>\n",
      EscapeHtml(made), data.facts.size() <= kMaxFactsOpen ? " open" : "");
  for (const auto& [name, value] : data.facts) {
    if (value.empty()) continue;
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", EscapeHtml(name), EscapeHtml(value));
  }
  html += "</dl></details>\n<h2>Leaderboard</h2>\n" + LeaderboardSection(data);
  html += LeadersSection(data.leaders);
  if (!data.rows.empty())
    html += "<h2>Accuracy against bits and cost</h2>\n" + HtmlPlots(data.rows);
  html += LayerBitsSection(data.layer_bits);
  if (!data.failures.rows.empty()) {
    html += "<h2>Failures</h2>\n" + HtmlTable(data.failures);
  }
  html += SamplesSection(data.samples);
  html += Curves(data.curves);
  return HtmlPage(data.title, html, data.provenance);
}

}  // namespace zerosweep
