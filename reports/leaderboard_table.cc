// The leaderboard as a table for programs, and the names of its rows.
#include <cmath>

#include "base/text.h"
#include "reports/leaderboard.h"

namespace zerosweep {
namespace {

// Whole numbers as integers: 4, not 4.0.
Json Number(double value) {
  if (value == std::floor(value) && std::abs(value) < 9e15) return static_cast<int64_t>(value);
  return value;
}

Json Optional(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json OptionalNumber(const std::optional<double>& value) { return value ? Number(*value) : Json(); }

}  // namespace

std::string VariantName(const LeaderboardRow& row) {
  const bool plain = row.variant.empty() || row.variant == "code";
  return plain ? row.method : fmt::format("{} ({})", row.method, row.variant);
}

std::string MethodName(const LeaderboardRow& row) {
  constexpr size_t kMostSettings = 4;
  if (row.settings.empty()) return VariantName(row);
  std::vector<std::string> shown = row.settings;
  if (shown.size() > kMostSettings) {
    shown.resize(kMostSettings);
    shown.emplace_back("…");
  }
  return fmt::format("{} [{}]", VariantName(row), Join(shown, " "));
}

Table LeaderboardTable(const std::vector<LeaderboardRow>& rows) {
  Table table;
  table.columns = {"sweep",
                   "dataset",
                   "model",
                   "method",
                   "w_bits",
                   "a_bits",
                   "n",
                   "top1_mean",
                   "top1_std",
                   "top1_ci_low",
                   "top1_ci_high",
                   "top1_best",
                   "agreement",
                   "fp32_top1",
                   "drop",
                   "images",
                   "size_bytes",
                   "bitops",
                   "seeds",
                   "protocol",
                   "variant",
                   "seconds_mean",
                   "published",
                   "published_source",
                   "bits",
                   "to_real",
                   "settings",
                   "untrained_top1",
                   "best_snapshot_top1",
                   "heldout_snapshot_top1",
                   "image_sets"};
  for (const LeaderboardRow& row : rows) {
    table.rows.push_back({row.sweep,
                          row.dataset,
                          row.model,
                          row.method,
                          Number(row.w_bits),
                          Number(row.a_bits),
                          row.n,
                          row.top1_mean,
                          Optional(row.top1_std),
                          Optional(row.top1_ci_low),
                          Optional(row.top1_ci_high),
                          row.top1_best,
                          Optional(row.agreement),
                          Optional(row.fp32_top1),
                          Optional(row.drop),
                          OptionalNumber(row.images),
                          OptionalNumber(row.size_bytes),
                          OptionalNumber(row.bitops),
                          row.seeds,
                          row.protocol,
                          row.variant,
                          Optional(row.seconds_mean),
                          Optional(row.published),
                          row.published_source ? Json(*row.published_source) : Json(),
                          row.bits,
                          Optional(row.to_real),
                          Join(row.settings, " "),
                          Optional(row.untrained_top1),
                          Optional(row.best_snapshot_top1),
                          Optional(row.heldout_snapshot_top1),
                          row.image_sets ? Json(*row.image_sets) : Json()});
  }
  return table;
}

}  // namespace zerosweep
