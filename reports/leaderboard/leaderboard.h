// The leaderboard: one row for each resolved configuration, whose seeds are the samples.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/leaderboard/filter.h"
#include "reports/leaderboard/settings.h"
#include "reports/text/display_table.h"
#include "storage/results/results.h"

namespace zerosweep {

// What ranks a row: the first of these metrics that its evaluations have. "cosine" is from −1 to 1,
// the others are in percent.
inline constexpr std::array kScores = {"top1", "agreement", "iou", "cosine"};

// Accuracies and agreement are in percent (0 to 100), `drop` in points, durations in seconds.
// Missing values are nullopt.
struct LeaderboardRow {
  std::string key;            // identifies it within its home (RowKey)
  int64_t configuration = 0;  // its id in the database
  // Revisions of the implementations that computed it, by kind of stage: {"quantize": 2, …}. Trials
  // of one configuration with different revisions are separate rows.
  Json revisions = Json::object();
  std::string tested;  // JSON: number of test images, copy of the data, teacher's weights
  std::string arch, synthesizer, quantizer;
  Json protocol_fields;  // null if the configuration does not record them
  std::string sweep;     // several sweeps with the same configuration: "a, b"
  std::string dataset, model, method;
  double w_bits = 0, a_bits = 0;
  std::string bits;  // "w4a8", "wmp4a8" (mixed precision), "w@first8a4" (by layer)
  int n = 0;         // distinct evaluations: trials that share their evaluate stage count once
  // Number of different sets of calibration images among these. If it is less than n, results vary
  // less than over seeds. Absent if the images are made while quantizing.
  std::optional<int> image_sets;
  // Its score: top-1 accuracy; on images without labels the fidelity to the teacher.
  std::string ranked_by = kScores.front();
  double score_mean = 0;
  std::optional<double> score_std;  // n ≥ 2
  // 95 % interval over seeds: t from n = 3, BCa from n = 10.
  std::optional<double> score_ci_low, score_ci_high;
  double score_best = 0;
  // Means of metrics, by the name of their column (leaderboard_columns.h), and the sample standard
  // deviation of the divergence from the teacher (n ≥ 2).
  std::map<std::string, double> means;
  std::optional<double> kl_std;
  std::optional<double> drop;  // teacher's top-1 − mean
  // Mean minus that of the same configuration on as many real images, anywhere in the home. Absent
  // if there are several (real images under other parameters).
  std::optional<double> to_real;
  std::vector<int64_t> seeds;
  std::string protocol, variant;
  std::optional<double> seconds_mean;
  std::optional<double> published;
  std::optional<std::string> published_source;
  std::optional<int64_t> test_images;  // evaluated; absent for revisions that did not count them
  int64_t limit = 0;  // limit on test images; 0: all, also if the limit exceeds their number
  // Rows of the same dataset, model and bits have another protocol, test set (limit, copy of the
  // data) or teacher (weights): the order among them means nothing.
  bool not_comparable = false;
  // Settings that differ from the paper's (recipe, parts, variant and protocol), and those that
  // distinguish it from rows of the same dataset, model, bits, method, protocol and variant. The
  // most important come first.
  std::vector<Setting> settings;
  bool papers_known = false;  // whether the catalogue has all its parts

  bool has_top1() const { return ranked_by == kScores.front(); }

  // Of `means`; nullopt if no trial has the metric.
  std::optional<double> mean(const std::string& column) const {
    const auto found = means.find(column);
    return found == means.end() ? std::nullopt : std::optional(found->second);
  }
};

// Whether some of the row's trials were calibrated on the same images.
inline bool SharesImages(const LeaderboardRow& row) {
  return row.image_sets && *row.image_sets < row.n;
}

// Rows of the done trials of a sweep (empty: of the home) that match. Sorted by dataset, model,
// bits from high to low (uniform before mixed at equal numbers), then mean score from high to low,
// equal ones by their divergence from the teacher. Unless `where` names the form, a network's
// row of form exported is left out where it has one of form paper. Throws kUsage for an unknown sweep.
std::vector<LeaderboardRow> Leaderboard(const ResultsReader& reader, const PaperSettings& papers,
                                        const std::string& sweep = "", const Filter& where = {});

// SQL: the revisions of a trial `t` as text, equal for trials of one row: "evaluate 1,quantize 2".
inline constexpr const char* kRevisionsSql =
    "(SELECT group_concat(kind || ' ' || revision) FROM (SELECT d.kind, d.revision FROM "
    "trial_stage x JOIN stage g ON g.id = x.stage_id JOIN design d ON d.id = g.design_id "
    "WHERE x.trial_id = t.id ORDER BY d.kind))";
// Identifies a row within its home: "17:evaluate 1,quantize 2". `revisions` are from kRevisionsSql.
std::string RowKey(int64_t configuration, const std::string& revisions);

// ["iterations=1000", "images=256"]: the settings that differ from the paper's, and others that
// distinguish rows.
Json SettingsAsJson(const LeaderboardRow& row);

// The columns of the contract (leaderboard_columns.h), for JSON and CSV.
Table LeaderboardTable(const std::vector<LeaderboardRow>& rows);

// "zeroq", "dsg (fixed)".
std::string VariantName(const LeaderboardRow& row);
// The same, with the settings that distinguish rows of that name: "real+finetune [weights=lsq]".
std::string MethodName(const LeaderboardRow& row);

// For people: "87.91 ± 0.06", "W4A4", "1.1 MB"; the protocol of a row that is not comparable ends
// in " *". Settings that all rows share are left to SharedSettings. If a row was trained, there are
// columns for its training. `more` names further columns.
Table LeaderboardForDisplay(const std::vector<LeaderboardRow>& rows,
                            const std::vector<std::string>& more = {});
// "settings of all rows: iterations 1000, images 256"; empty if there are none.
std::string SharedSettings(const std::vector<LeaderboardRow>& rows);

// The same for a terminal. Narrow: a section for each dataset and model, in the order of their
// first rows; settings and training under each row; no columns that are empty or the same in every
// row. Wide: everything, in the order of `rows`. The best of comparable rows is marked where they
// differ.
DisplayTable NarrowLeaderboard(const std::vector<LeaderboardRow>& rows);
DisplayTable WideLeaderboard(const std::vector<LeaderboardRow>& rows);

// Explains the marks that these rows carry, in a sentence each: "* within this dataset, …".
std::vector<std::string> Notes(const std::vector<LeaderboardRow>& rows);
inline constexpr const char* kIncomparableNote =
    "* within this dataset, model and bits, protocols, test images or teachers differ: do not "
    "compare";
inline constexpr const char* kSharedImagesNote =
    "† some of the n share their calibration images: other seeds would vary more";
// Say what ranks rows on images without labels, by `ranked_by`.
inline constexpr const char* kAgreementNote =
    "rows without top-1 have no labels: they are ranked by agreement with the FP32 network "
    "(mean ± standard deviation over n), equal ones by KL";
inline constexpr const char* kIouNote =
    "dense maps are ranked by IoU with the FP32 network's (mean ± standard deviation over n)";
inline constexpr const char* kCosineNote =
    "embeddings are ranked by their cosine with the FP32 network's (mean ± standard deviation over "
    "n)";
inline constexpr const char* kErrorNote =
    "SE: the standard error of one trial over its test images (mean over n)";
// Explains what the intervals cover.
inline constexpr const char* kIntervalNote =
    "intervals (95 %, from n = 3 on): of the mean over other seeds, on these test images and this "
    "teacher";

// Bits for people: "W4A8", "WMP4A8", "W@first8A4" for the stored "w4a8", "wmp4a8", "w@first8a4".
std::string BitsName(const std::string& bits);

}  // namespace zerosweep
