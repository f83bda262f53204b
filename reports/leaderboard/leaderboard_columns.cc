#include "reports/leaderboard/leaderboard_columns.h"

#include <cmath>
#include <utility>

#include "base/text.h"

namespace zerosweep {
namespace {

using Row = LeaderboardRow;
using Value = std::function<Json(const Row&)>;
using Text = std::function<std::string(const Row&)>;

constexpr const char* kNone = "–";

// Whole numbers as integers: 4, not 4.0.
Json Number(double value) {
  if (value == std::floor(value) && std::abs(value) < 9e15) return static_cast<int64_t>(value);
  return value;
}

template <typename T>
Value Of(T Row::*field) {
  return [field](const Row& row) -> Json { return row.*field; };
}

std::string Fixed(double value, int digits) {
  const bool rounds_to_zero = std::abs(value) < 0.5 * std::pow(10.0, -digits);  // avoids "-0.00"
  return fmt::format("{:.{}f}", rounds_to_zero ? 0.0 : value, digits);
}

Text Digits(std::optional<double> Row::*field, int digits) {
  return [=](const Row& row) { return row.*field ? Fixed(*(row.*field), digits) : kNone; };
}

// A column of means of a metric, with what programs and people see of a value.
LeaderboardColumn MeanOf(const std::string& name, const char* meaning, MetricSource source,
                         const char* heading, Json (*value)(double), std::string (*text)(double)) {
  return {name,
          meaning,
          [=](const Row& row) { return row.mean(name) ? value(*row.mean(name)) : Json(); },
          heading,
          [=](const Row& row) { return row.mean(name) ? text(*row.mean(name)) : kNone; },
          std::move(source)};
}
LeaderboardColumn Percentage(const char* name, const char* meaning, MetricSource source,
                             const char* heading) {
  return MeanOf(
      name, meaning, std::move(source), heading, [](double value) { return Json(value); },
      [](double value) { return Fixed(value, 2); });
}
LeaderboardColumn Quantity(const char* name, const char* meaning, MetricSource source,
                           const char* heading, std::string (*text)(double)) {
  return MeanOf(name, meaning, std::move(source), heading, Number, text);
}
std::string Count(double value) { return Fixed(value, 0); }
std::string Giga(double value) { return Fixed(value / 1e9, 2); }
std::string FourDigits(double value) { return fmt::format("{:.4g}", value); }
std::string TwoDigits(double value) { return fmt::format("{:.2g}", value); }

Text Plain(std::string Row::*field) {
  return [field](const Row& row) { return row.*field; };
}

// A value of the row's score, and a difference of two.
std::string ScoreText(const Row& row, double value) {
  return Fixed(value, row.ranked_by == "cosine" ? 4 : 2);
}

// "87.91 ± 0.06"
std::string MeanScore(const Row& row) {
  const std::string mean = ScoreText(row, row.score_mean);
  return row.score_std ? fmt::format("{} ± {}", mean, ScoreText(row, *row.score_std)) : mean;
}

std::string Accuracy(const Row& row) { return row.has_top1() ? MeanScore(row) : kNone; }

// A number of the score, for rows that are ranked by top-1.
template <typename T>
Value OfTop1(T Row::*field) {
  return [field](const Row& row) -> Json { return row.has_top1() ? Json(row.*field) : Json(); };
}

// A metric that ranks rows without labels: where it does, people see its deviation too.
LeaderboardColumn Closeness(const char* name, const char* meaning, MetricSource source,
                            const char* heading, int digits) {
  LeaderboardColumn column = Percentage(name, meaning, std::move(source), heading);
  column.text = [=](const Row& row) {
    if (row.ranked_by == name) return MeanScore(row);
    return row.mean(name) ? Fixed(*row.mean(name), digits) : kNone;
  };
  return column;
}

std::string Divergence(const Row& row) {
  if (!row.mean("kl")) return kNone;
  const std::string mean = FourDigits(*row.mean("kl"));
  return row.kl_std ? fmt::format("{} ± {:.2g}", mean, *row.kl_std) : mean;
}

// "zeroq", "zeroq, 500 images *"
std::string Protocol(const Row& row) {
  std::string text = row.protocol;
  if (row.limit > 0) text += fmt::format(", {} images", row.limit);
  return row.not_comparable ? text + " *" : text;
}

std::string ShownInterval(const Row& row) {
  if (!row.score_ci_low) return kNone;
  return ScoreText(row, *row.score_ci_low) + " … " + ScoreText(row, *row.score_ci_high);
}

// The paper's value of each setting that differs: {"iterations": 20000}; null if the paper's values
// are unknown.
Json PapersAsJson(const Row& row) {
  if (!row.papers_known) return {};
  Json papers = Json::object();
  for (const Setting& setting : row.settings)
    if (setting.papers && !setting.IsPapers()) papers[setting.name] = *setting.papers;
  return papers;
}

std::vector<LeaderboardColumn> Identity() {
  return {{"sweep", "the sweep; several that share the row: `a, b`", Of(&Row::sweep)},
          {"dataset", "what the teacher was trained on", Of(&Row::dataset), "dataset",
           Plain(&Row::dataset)},
          {"model", "the network", Of(&Row::model), "model", Plain(&Row::model)},
          {"method", "the recipe, or its parts", Of(&Row::method), "method", VariantName},
          {"w_bits", "bits of a weight; their mean under mixed precision",
           [](const Row& row) { return Number(row.w_bits); }},
          {"a_bits", "bits of an activation", [](const Row& row) { return Number(row.a_bits); }},
          {"n",
           "number of different evaluations (seeds that give the same network count once); † marks "
           "fewer sets of calibration images",
           Of(&Row::n), "n",
           [](const Row& row) { return std::to_string(row.n) + (SharesImages(row) ? " †" : ""); }}};
}

std::vector<LeaderboardColumn> Accuracies() {
  return {
      {"top1_mean", "top-1 accuracy in percent, the mean over n; people see ± top1_std with it",
       OfTop1(&Row::score_mean), "top-1 %", Accuracy},
      {"top1_std", "sample standard deviation, from n = 2 on", OfTop1(&Row::score_std)},
      {"top1_ci_low", "95 % interval of the mean over other seeds: t from n = 3, BCa from n = 10",
       OfTop1(&Row::score_ci_low), "95 % interval", ShownInterval},
      {"top1_ci_high", "its upper end", OfTop1(&Row::score_ci_high)},
      {"top1_best", "the best of the n", OfTop1(&Row::score_best), "best",
       [](const Row& row) { return ScoreText(row, row.score_best); }},
      Closeness("agreement", "percentage of test images on which teacher and student agree",
                {"evaluate", "agreement"}, "agreement %", 2),
      Percentage("fp32_top1", "the teacher's accuracy", {"teacher", "fp32_top1"}, "FP32 %"),
      {"drop", "fp32_top1 − top1_mean, in points", Of(&Row::drop), "drop", Digits(&Row::drop, 2)}};
}

std::vector<LeaderboardColumn> Costs() {
  return {
      Quantity("images", "number of calibration images", {"synthesize", "images"}, "images", Count),
      Quantity("size_bytes", "size of the weights and their ranges", {"quantize", "size_bytes"},
               "size", HumanBytes),
      Quantity("bitops", "Σ over operators of multiply-adds × bits of weight × bits of activation",
               {"quantize", "bitops"}, "GBitOps", Giga),
      {"seeds", "the seeds of its trials", Of(&Row::seeds)},
      {"protocol", "which tensors are quantized, and how; * marks rows that are not comparable",
       Of(&Row::protocol), "protocol", Protocol},
      {"variant", "`code`, `paper`, or a variant of the method", Of(&Row::variant)},
      {"seconds_mean", "time of all stages of a trial, as if it ran alone", Of(&Row::seconds_mean),
       "seconds", Digits(&Row::seconds_mean, 1)},
      {"published", "the paper's top-1 accuracy", Of(&Row::published), "published",
       Digits(&Row::published, 2)},
      {"published_source", "the paper and table of that value", Of(&Row::published_source),
       "published by", [](const Row& row) { return row.published_source.value_or(kNone); }},
      {"bits", "`w4a4`; `wmp4a8`: mixed precision; `w@first8a4`: by layer", Of(&Row::bits), "bits",
       [](const Row& row) { return BitsName(row.bits); }},
      {"to_real",
       "score_mean minus that of the same configuration on as many real images, if the home has "
       "one",
       Of(&Row::to_real), "to real",
       [](const Row& row) { return row.to_real ? fmt::format("{:+.2f}", *row.to_real) : kNone; }},
      {"settings",
       "settings that differ from the method's paper, and others that distinguish the row",
       SettingsAsJson}};
}

std::vector<LeaderboardColumn> Trainings() {
  return {
      Percentage("untrained_top1", "accuracy of a trained student before its training",
                 {"evaluate", "untrained_top1"}, "untrained"),
      Percentage("best_snapshot_top1",
                 "accuracy of the snapshot that is best on the test images; never ranked",
                 {"untrained_top1", "best_top1"}, "best snapshot"),
      Percentage("heldout_snapshot_top1",
                 "accuracy of the snapshot that is best on images held out of the training",
                 {"untrained_top1", "heldout_top1"}, "held-out"),
      {"image_sets", "number of different sets of calibration images among the n",
       Of(&Row::image_sets)},
      Quantity("images_seen", "number of images that the student saw", {"quantize", "images_seen"},
               "images seen", Count),
      Quantity("lr_kd", "Σ over the student's steps of learning rate × weight of the distillation",
               {"images_seen", "lr_kd"}, "Σ lr·KD", FourDigits),
      Quantity("real_images", "number of real images that the student may see",
               {"images_seen", "real_images"}, "real images", Count)};
}

// Of images without labels, or where the sweep asks for it.
std::vector<LeaderboardColumn> Fidelities() {
  LeaderboardColumn kl =
      Quantity("kl", "mean KL divergence of the softmax from the FP32 network's, in nats",
               {"sqnr", "kl"}, "KL", FourDigits);
  kl.text = Divergence;
  return {
      Quantity("sqnr", "power of the FP32 outputs over that of their differences, in dB",
               {"evaluate", "sqnr"}, "SQNR dB", [](double value) { return Fixed(value, 1); }),
      std::move(kl),
      {"kl_std", "its sample standard deviation, from n = 2 on", Of(&Row::kl_std)},
      Closeness("iou",
                "mean intersection over union with the FP32 network's thresholded maps, in percent",
                {"sqnr", "iou"}, "IoU %", 2),
      Closeness("cosine", "mean cosine with the FP32 network's embeddings", {"sqnr", "cosine"},
                "cosine", 4),
      {"ranked_by", "what ranks the row: `top1`; without labels `agreement`, `iou` or `cosine`",
       Of(&Row::ranked_by)},
      {"score_mean", "its mean over n", Of(&Row::score_mean)},
      {"score_std", "its sample standard deviation, from n = 2 on", Of(&Row::score_std)},
      {"score_ci_low", "its 95 % interval, as that of top-1", Of(&Row::score_ci_low)},
      {"score_ci_high", "its upper end", Of(&Row::score_ci_high)},
      {"score_best", "the best of the n", Of(&Row::score_best)},
      Quantity("score_se",
               "standard error of what ranks the row over the test images, of one trial",
               {"evaluate", "score_se"}, "SE", TwoDigits),
      Quantity("kl_se", "standard error of KL over the test images, of one trial",
               {"sqnr", "kl_se"}, "SE of KL", TwoDigits)};
}

std::vector<LeaderboardColumn> Origin() {
  return {{"papers", "the paper's value of each setting that differs; null: unknown", PapersAsJson},
          {"label", "the method with the settings that distinguish its rows", MethodName},
          {"synthesizer", "the method that made the images",
           [](const Row& row) { return row.synthesizer.empty() ? Json() : Json(row.synthesizer); }},
          {"quantizer", "the method that quantized", Of(&Row::quantizer)},
          {"revisions", "revisions of the implementations that made the row, by kind of stage",
           Of(&Row::revisions)},
          {"test_images", "number of test images that were evaluated", Of(&Row::test_images)},
          Quantity("loss", "cross-entropy on the test images, in nats", {"evaluate", "loss"}, "",
                   FourDigits)};
}

}  // namespace

const std::vector<LeaderboardColumn>& LeaderboardColumns() {
  static const std::vector<LeaderboardColumn> columns = [] {
    std::vector<LeaderboardColumn> all;
    for (auto* part : {Identity, Accuracies, Costs, Trainings, Origin, Fidelities})
      for (LeaderboardColumn& column : part()) all.push_back(std::move(column));
    return all;
  }();
  return columns;
}

const LeaderboardColumn& ColumnOf(const std::string& name) {
  for (const LeaderboardColumn& column : LeaderboardColumns())
    if (column.name == name) return column;
  throw std::out_of_range("no column " + name);
}

std::string HeadingOfScore(const LeaderboardRow& row) {
  return ColumnOf(row.has_top1() ? "top1_mean" : row.ranked_by).heading;
}

Table LeaderboardTable(const std::vector<LeaderboardRow>& rows) {
  Table table;
  table.rows.resize(rows.size());
  for (const LeaderboardColumn& column : LeaderboardColumns()) {
    table.columns.push_back(column.name);
    for (size_t i = 0; i < rows.size(); ++i) table.rows[i].push_back(column.value(rows[i]));
  }
  return table;
}

Table TableForDisplay(const std::vector<LeaderboardRow>& rows,
                      const std::vector<std::string>& names) {
  Table table;
  table.rows.resize(rows.size());
  for (const std::string& name : names) {
    const LeaderboardColumn& column = ColumnOf(name);
    table.columns.push_back(column.heading);
    for (size_t i = 0; i < rows.size(); ++i) table.rows[i].emplace_back(column.text(rows[i]));
  }
  return table;
}

std::string TextOf(const std::string& name, const LeaderboardRow& row) {
  return ColumnOf(name).text(row);
}

std::string ColumnsAsMarkdown() {
  std::string text =
      "# Columns of a leaderboard\n\n"
      "Printed by `zerosweep leaderboard --columns`; a test compares the two.\n"
      "JSON and CSV have them in this order, to which new ones are only added at the end.\n"
      "Accuracies are in percent, differences in points, durations in seconds.\n"
      "A missing value is null.\n\n"
      "| in JSON and CSV | for people | meaning |\n|---|---|---|\n";
  for (const LeaderboardColumn& column : LeaderboardColumns())
    text += fmt::format("| `{}` | {} | {} |\n", column.name, column.heading, column.meaning);
  return text;
}

}  // namespace zerosweep
