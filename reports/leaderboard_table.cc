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

// The paper's value of each setting that is another: {"iterations": 20000}; null where nothing is
// known of them.
Json PapersAsJson(const LeaderboardRow& row) {
  if (!row.papers_known) return {};
  Json papers = Json::object();
  for (const Setting& setting : row.settings)
    if (setting.papers && !setting.IsPapers()) papers[setting.name] = *setting.papers;
  return papers;
}

}  // namespace

std::string VariantName(const LeaderboardRow& row) {
  const bool plain = row.variant.empty() || row.variant == "code";
  return plain ? row.method : fmt::format("{} ({})", row.method, row.variant);
}

std::string MethodName(const LeaderboardRow& row) {
  std::vector<std::string> apart;
  for (const Setting& setting : row.settings)
    if (setting.tells_apart) apart.push_back(Assignment(setting));
  return apart.empty() ? VariantName(row)
                       : fmt::format("{} [{}]", VariantName(row), Join(apart, " "));
}

Json SettingsAsJson(const LeaderboardRow& row) {
  Json settings = Json::array();
  for (const Setting& setting : row.settings)
    if (!setting.IsPapers()) settings.push_back(Assignment(setting));
  return settings;
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
                   "image_sets",
                   "images_seen",
                   "lr_kd",
                   "real_images",
                   "papers",
                   "label",
                   "synthesizer",
                   "quantizer",
                   "revisions",
                   "test_images"};
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
                          SettingsAsJson(row),
                          Optional(row.untrained_top1),
                          Optional(row.best_snapshot_top1),
                          Optional(row.heldout_snapshot_top1),
                          row.image_sets ? Json(*row.image_sets) : Json(),
                          OptionalNumber(row.images_seen),
                          OptionalNumber(row.lr_kd),
                          OptionalNumber(row.real_images),
                          PapersAsJson(row),
                          MethodName(row),
                          row.synthesizer.empty() ? Json() : Json(row.synthesizer),
                          row.quantizer,
                          row.revisions,
                          row.test_images ? Json(*row.test_images) : Json()});
  }
  return table;
}

}  // namespace zerosweep
