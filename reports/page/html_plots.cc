#include "reports/page/html_plots.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "base/text.h"
#include "reports/html/html_table.h"
#include "reports/html/scatter_plot.h"
#include "reports/html/svg_parts.h"
#include "reports/html/svg_plot.h"

namespace zerosweep {
namespace {

// Rows drawn; networks are drawn completely or not at all. It keeps the page small enough to send.
constexpr size_t kMostPoints = 1000;
constexpr const char* kNumbers = "The numbers";

struct Cost {
  const char* name;
  const char* axis;
  std::optional<double> (*value)(const LeaderboardRow& row);
  std::string (*text)(double);
};

std::string BitOpsText(double operations) {
  constexpr double kGiga = 1e9;
  return fmt::format("{:.3g} G", operations / kGiga);
}

constexpr Cost kCosts[] = {
    {"size", "size of the weights",
     [](const LeaderboardRow& row) { return row.mean("size_bytes"); }, HumanBytes},
    {"BitOps", "bit operations of an image",
     [](const LeaderboardRow& row) { return row.mean("bitops"); }, BitOpsText},
    {"time", "time of computing", [](const LeaderboardRow& row) { return row.seconds_mean; },
     HumanSeconds},
};

// What the axis of a score and a figure of it are called.
struct ScoreName {
  const char *score, *axis, *title, *unit;
  int digits;

  std::string Text(double value) const { return fmt::format("{:.{}f}", value, digits); }
};

const ScoreName& NameOfScore(const std::string& score) {
  static constexpr ScoreName kNames[] = {
      {"top1", "top-1 %", "Top-1 accuracy", " %", 2},
      {"agreement", "agreement %", "Agreement with FP32", " %", 2},
      {"iou", "IoU %", "IoU with FP32", " %", 2},
      {"cosine", "cosine", "Cosine with FP32", "", 4}};
  return *std::find_if(std::begin(kNames), std::end(kNames) - 1,
                       [&](const ScoreName& name) { return name.score == score; });
}

// The rows of one dataset, model and score, with the names of their series.
struct Block {
  std::vector<const LeaderboardRow*> rows;
  bool several_protocols = false;
  std::vector<std::string> names;           // of the series
  std::map<std::string, size_t> series_of;  // index of a name

  explicit Block(std::vector<const LeaderboardRow*> of) : rows(std::move(of)) {
    std::set<std::string> protocols;
    for (const auto* row : rows) protocols.insert(row->protocol);
    several_protocols = protocols.size() > 1;
    for (const auto* row : rows)
      if (series_of.try_emplace(Name(*row), names.size()).second) names.push_back(Name(*row));
  }
  std::string Name(const LeaderboardRow& row) const {
    const std::string name = VariantName(row);
    return several_protocols ? name + ", " + row.protocol : name;
  }
  size_t Series(const LeaderboardRow& row) const { return series_of.at(Name(row)); }
  const ScoreName& Score() const { return NameOfScore(rows.front()->ranked_by); }
  std::string Title(const std::string& against) const {
    return fmt::format("{} against {}: {}, {}", Score().title, against, rows.front()->dataset,
                       rows.front()->model);
  }
};

// Rows come with bits from high to low. Of several configurations with one name only the best is
// drawn.
CategoryPlot BitsPlot(const Block& block) {
  CategoryPlot plot{.title = block.Title("bits"),
                    .y_label = block.Score().axis,
                    .reference = block.rows.front()->mean("fp32_top1"),
                    .reference_name = "FP32"};
  for (const std::string& name : block.names) plot.series.push_back({name, {}});
  for (const auto* row : block.rows) {
    const std::string bits = BitsName(row->bits);
    if (plot.labels.empty() || plot.labels.back() != bits) plot.labels.push_back(bits);
    auto& points = plot.series[block.Series(*row)].points;
    const size_t x = plot.labels.size() - 1;
    if (points.empty() || points.back().x != x)
      points.push_back({x, row->score_mean, row->score_std});
  }
  return plot;
}

Table BitsNumbers(const CategoryPlot& plot, const ScoreName& score) {
  Table table;
  table.columns = {"method"};
  table.columns.insert(table.columns.end(), plot.labels.begin(), plot.labels.end());
  for (const PlotSeries& series : plot.series) {
    auto& row = table.rows.emplace_back(1, series.name);
    row.resize(table.columns.size());
    for (const PlotPoint& point : series.points) row[point.x + 1] = score.Text(point.y);
  }
  return table;
}

std::string CostFigure(const Block& block, const Cost& cost) {
  ScatterPlot plot{.title = block.Title(cost.name),
                   .x_label = cost.axis,
                   .y_label = block.Score().axis,
                   .tick = cost.text};
  std::vector<const LeaderboardRow*> drawn;
  std::map<std::pair<std::string, std::string>, size_t> groups;  // by protocol and test set
  for (const auto* row : block.rows) {
    const std::optional<double> value = cost.value(*row);
    if (!value || *value <= 0) continue;
    drawn.push_back(row);
    const auto group = groups.try_emplace({row->protocol, row->tested}, groups.size()).first;
    plot.points.push_back(
        {block.Series(*row),
         fmt::format("{} {}: {}{} at {}", MethodName(*row), BitsName(row->bits),
                     block.Score().Text(row->score_mean), block.Score().unit, cost.text(*value)),
         *value, row->score_mean, row->score_std, group->second});
  }
  const std::string svg = DrawScatter(plot);
  if (svg.empty()) return "";
  const std::vector<bool> front = ParetoFront(plot.points);
  Table numbers;
  numbers.columns = {cost.axis, block.Score().axis, "bits", "method", "on the front"};
  std::vector<size_t> order(drawn.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return plot.points[a].x < plot.points[b].x; });
  for (const size_t i : order) {
    numbers.rows.push_back({cost.text(plot.points[i].x), block.Score().Text(plot.points[i].y),
                            BitsName(drawn[i]->bits),
                            block.several_protocols
                                ? MethodName(*drawn[i]) + ", " + drawn[i]->protocol
                                : MethodName(*drawn[i]),
                            front[i] ? "yes" : ""});
  }
  return HtmlFigure(plot.title, svg, kNumbers, numbers);
}

}  // namespace

std::string HtmlFigure(const std::string& title, const std::string& drawing, const char* summary,
                       const Table& table) {
  return fmt::format(
      "<figure><figcaption>{}</figcaption>\n{}\n<details><summary>{}</summary>{}"
      "</details></figure>\n",
      EscapeHtml(title), drawing, summary, HtmlTable(table));
}

std::string HtmlLegend(const std::vector<std::string>& names) {
  std::string html = "<ul class=legend>";
  for (size_t i = 0; i < names.size(); ++i) {
    html += fmt::format(
        "<li><svg class=mark viewBox=\"0 0 14 14\" aria-hidden=true><g "
        "class=c{}>{}</g></svg>{}</li>",
        i % kPlotColors, SvgSeriesMarker(i, 7, 7), EscapeHtml(names[i]));
  }
  return html + "</ul>";
}

std::string HtmlPlots(const std::vector<LeaderboardRow>& rows) {
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, std::vector<const LeaderboardRow*>> blocks;
  for (const LeaderboardRow& row : rows)
    blocks[{row.dataset, row.model, row.ranked_by}].push_back(&row);
  std::string html;
  size_t drawn = 0, left_out = 0;
  for (const auto& [key, members] : blocks) {
    if (drawn > 0 && drawn + members.size() > kMostPoints) {
      ++left_out;
      continue;
    }
    drawn += members.size();
    const Block block(members);
    const CategoryPlot bits = BitsPlot(block);
    html += fmt::format("<h3>{}, {}</h3>\n{}\n<div class=plots>\n", EscapeHtml(std::get<0>(key)),
                        EscapeHtml(std::get<1>(key)), HtmlLegend(block.names));
    html +=
        HtmlFigure(bits.title, DrawCategoryPlot(bits), kNumbers, BitsNumbers(bits, block.Score()));
    for (const Cost& cost : kCosts) html += CostFigure(block, cost);
    html += "</div>\n";
  }
  if (left_out > 0) {
    html += fmt::format(
        "<p>Drawn: {} of {} networks; the others are in the leaderboard, and in reports of single "
        "sweeps.</p>\n",
        blocks.size() - left_out, blocks.size());
  }
  return html;
}

}  // namespace zerosweep
