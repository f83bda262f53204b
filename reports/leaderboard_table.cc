// The leaderboard as a table: for programs and for people.
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

std::string Fixed(const std::optional<double>& value, int digits) {
  if (!value) return "–";
  const bool rounds_to_zero = std::abs(*value) < 0.5 * std::pow(10.0, -digits);  // no "-0.00"
  return fmt::format("{:.{}f}", rounds_to_zero ? 0.0 : *value, digits);
}

std::string Accuracy(const LeaderboardRow& row) {
  const std::string mean = fmt::format("{:.2f}", row.top1_mean);
  return row.top1_std ? fmt::format("{} ± {:.2f}", mean, *row.top1_std) : mean;
}

// "zeroq", "zeroq, 500 images *"
std::string Protocol(const LeaderboardRow& row) {
  std::string text = row.protocol;
  if (row.limit > 0) text += fmt::format(", {} images", row.limit);
  return row.not_comparable ? text + " *" : text;
}

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
                   "heldout_snapshot_top1"};
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
                          Optional(row.heldout_snapshot_top1)});
  }
  return table;
}

Table LeaderboardForPeople(const std::vector<LeaderboardRow>& rows) {
  Table table;
  table.columns = {"dataset", "model",  "bits",        "method", "top-1 %", "n",       "drop",
                   "to real", "FP32 %", "agreement %", "images", "size",    "seconds", "protocol"};
  for (const LeaderboardRow& row : rows) {
    table.rows.push_back({row.dataset, row.model, BitsName(row.bits), MethodName(row),
                          Accuracy(row), std::to_string(row.n), Fixed(row.drop, 2),
                          row.to_real ? fmt::format("{:+.2f}", *row.to_real) : "–",
                          Fixed(row.fp32_top1, 2), Fixed(row.agreement, 2), Fixed(row.images, 0),
                          row.size_bytes ? HumanBytes(*row.size_bytes) : "–",
                          Fixed(row.seconds_mean, 1), Protocol(row)});
  }
  return table;
}

}  // namespace zerosweep
