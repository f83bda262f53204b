#include "reports/page/stage_curves.h"

#include <algorithm>
#include <cmath>

#include "reports/page/layer_bits.h"
#include "reports/text/display_table.h"
#include "reports/text/sparkline.h"

namespace zerosweep {
namespace {

constexpr size_t kSparklineWidth = 40;

// The Pareto frontier of mixed precision is stored as a curve too, but is not a loss.
std::vector<StageCurve> Read(const ResultsReader& reader, const std::string& condition,
                             const std::string& name) {
  const Table table = reader.Query(
      "SELECT g.name, d.kind, d.implementation, c.term, c.data FROM curve c JOIN stage g ON g.id = "
      "c.stage_id JOIN design d ON d.id = g.design_id WHERE c.term <> 'frontier' AND " +
          condition +
          " ORDER BY d.kind = 'evaluate', d.kind = 'quantize', d.kind = 'correct', d.kind = "
          "'sensitivity', d.kind = 'synthesize', g.name, c.term",
      {name});
  std::vector<StageCurve> curves;
  for (const auto& row : table.rows)
    curves.push_back({row[0], row[1], row[2], row[3], UnpackCurve(row[4].get_binary(), true)});
  return curves;
}

std::string FirstToLast(const StageCurve& curve) {
  if (curve.values.empty()) return "–";
  return fmt::format("{:.4g} → {:.4g}", curve.values.front(), curve.values.back());
}

}  // namespace

std::vector<StageCurve> CurvesOfTrial(const ResultsReader& reader, const std::string& trial) {
  return Read(reader,
              "g.id IN (SELECT x.stage_id FROM trial_stage x JOIN trial t ON t.id = x.trial_id "
              "WHERE t.name = ?)",
              trial);
}

std::vector<StageCurve> CurvesOfStage(const ResultsReader& reader, const std::string& stage) {
  return Read(reader, "g.name = ?", stage);
}

std::string CurveLines(const std::vector<StageCurve>& curves) {
  size_t widest_term = 0, widest_values = 0;
  for (const StageCurve& curve : curves) {
    widest_term = std::max(widest_term, TextWidth(curve.term));
    widest_values = std::max(widest_values, TextWidth(FirstToLast(curve)));
  }
  std::string text, stage;
  for (const StageCurve& curve : curves) {
    if (curve.stage != stage)
      text += fmt::format("{} {}, curves:\n", curve.kind, curve.implementation);
    stage = curve.stage;
    text += fmt::format("  {:<{}}  {:<{}}  {}{}\n", curve.term, widest_term, FirstToLast(curve),
                        widest_values, Sparkline(curve.values, kSparklineWidth),
                        OnLogScale(curve.values) ? " (log)" : "");
  }
  return text;
}

Json CurvesAsJson(const std::vector<StageCurve>& curves) {
  const auto finite = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  Json list = Json::array();
  for (const StageCurve& curve : curves) {
    const auto& values = curve.values;
    list.push_back({{"stage", curve.stage},
                    {"term", curve.term},
                    {"points", values.size()},
                    {"first", values.empty() ? Json() : finite(values.front())},
                    {"last", values.empty() ? Json() : finite(values.back())}});
  }
  return list;
}

}  // namespace zerosweep
