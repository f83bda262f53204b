#include "reports/page/report_data.h"

#include <set>

#include "base/text.h"
#include "reports/leaderboard/status.h"
#include "reports/page/provenance.h"

namespace zerosweep {
namespace {

constexpr int kMaxCurves = 48;
constexpr int kMaxFailures = 500;
constexpr size_t kMaxLeaders = 24;

std::vector<Curve> ReadCurves(const ResultsReader& reader, const FilterSql& filter) {
  const Table table = reader.Query(fmt::format(R"sql(
WITH first AS (
  SELECT min(n.method) AS method, min(t.seed) AS seed, min(n.bits) AS bits,
    count(DISTINCT n.bits) AS widths, c.stage_id, c.term
  FROM trial t JOIN configuration n ON n.id = t.configuration_id
  JOIN trial_stage x ON x.trial_id = t.id JOIN curve c ON c.stage_id = x.stage_id
  WHERE c.term <> 'frontier' AND {}
  GROUP BY c.stage_id, c.term ORDER BY 1, 2, c.term LIMIT {})
SELECT method, seed, term, data, bits, widths FROM first JOIN curve USING (stage_id, term)
ORDER BY 1, 2, 3)sql",
                                               filter.condition, kMaxCurves),
                                   filter.bindings);
  std::vector<Curve> curves;
  for (const auto& row : table.rows) {
    const Json::binary_t& bytes = row[3].get_binary();
    const std::string bits = row[5] == 1 ? " " + BitsName(row[4]) : "";
    curves.push_back({fmt::format("{}{}, seed {}: {}", row[0].get<std::string>(), bits,
                                  row[1].get<int64_t>(), row[2].get<std::string>()),
                      UnpackCurve(bytes, false), UnpackCurve(bytes, true)});
  }
  return curves;
}

// The environment of the finished attempts of these trials: "cpu", "torch 2.11.0", …
std::string Signatures(const ResultsReader& reader, const FilterSql& filter) {
  const Table table = reader.Query(
      "SELECT facts FROM signature WHERE id IN (SELECT a.signature_id FROM trial t JOIN "
      "trial_stage x ON x.trial_id = t.id JOIN attempt a ON a.stage_id = x.stage_id WHERE " +
          filter.condition + ") LIMIT 20",
      filter.bindings);
  std::set<std::string> facts;
  for (const auto& row : table.rows) {
    const Json signature = ParseJson(row[0].get<std::string>(), "a signature");
    for (const auto& [key, value] : signature.items())
      if (value.is_primitive()) facts.insert(key + " " + ShownValue(value));
  }
  return Join({facts.begin(), facts.end()}, " · ");
}

std::string Distinct(const ResultsReader& reader, const FilterSql& filter, const char* column) {
  const std::string sql = fmt::format(
      "SELECT DISTINCT CAST({0} AS TEXT) FROM trial t JOIN configuration n ON n.id = "
      "t.configuration_id WHERE {1} ORDER BY {0}",
      column, filter.condition);
  std::vector<std::string> values;
  for (const auto& row : reader.Query(sql, filter.bindings).rows) values.push_back(row[0]);
  return Join(values, ", ");
}

void AddCounts(const ResultsReader& reader, const std::string& sweep, ReportData& data) {
  const Table status = SweepStatus(reader, sweep);
  for (const auto& row : status.rows) {
    const auto count = [&row](size_t column) { return row[column].get<int64_t>(); };
    data.facts.emplace_back(
        "sweep " + row[0].get<std::string>(),
        fmt::format(
            "{} trials: {} done, {} failed, {} cancelled, {} open; {} of {} stages done; {} "
            "of computing; last run {}",
            count(1), count(2), count(3), count(4), count(5), count(7), count(6),
            HumanSeconds(row[9].get<double>()), row[10].get<std::string>()));
  }
}

}  // namespace

ReportData ReadReport(const ResultsReader& reader, const std::string& sweep,
                      const PaperSettings& papers) {
  ReportData data;
  data.title = sweep.empty() ? "All sweeps" : sweep;
  data.rows = Leaderboard(reader, papers, sweep);
  AddPublished(data.rows, papers);
  const FilterSql filter = ToSql(sweep, {});
  data.leaders = Leaders(reader, sweep, data.rows, kMaxLeaders);
  data.provenance = ReadProvenance(reader, filter, data.rows);
  AddCounts(reader, sweep, data);
  data.facts.emplace_back("datasets", Distinct(reader, filter, "n.dataset"));
  data.facts.emplace_back("models", Distinct(reader, filter, "n.model"));
  data.facts.emplace_back("seeds", Distinct(reader, filter, "t.seed"));
  data.facts.emplace_back("protocols", Distinct(reader, filter, "n.protocol"));
  data.facts.emplace_back("ran with", Signatures(reader, filter));
  data.failures = reader.Query(
      fmt::format("SELECT n.method, n.bits, t.seed, n.dataset, n.model, t.error FROM trial t "
                  "JOIN configuration n ON n.id = t.configuration_id WHERE t.state = 'failed' AND "
                  "{} ORDER BY n.method, n.w_bits DESC, t.seed LIMIT {}",
                  filter.condition, kMaxFailures),
      filter.bindings);
  for (auto& row : data.failures.rows) row[1] = BitsName(row[1]);
  data.layer_bits = ReadLayerBits(reader, filter);
  data.samples = ReadSamples(reader, filter);
  data.curves = ReadCurves(reader, filter);
  return data;
}

}  // namespace zerosweep
