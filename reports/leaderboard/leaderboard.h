// The leaderboard: one row for each resolved configuration, its seeds as samples.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/leaderboard/filter.h"
#include "reports/leaderboard/settings.h"
#include "reports/text/display_table.h"
#include "storage/results/results.h"

namespace zerosweep {

// Accuracies and agreement in percent (0 to 100), `drop` in points, durations in seconds. Missing
// values are nullopt.
struct LeaderboardRow {
  int64_t configuration = 0;  // its id in the database
  // Of the implementations that made it, by kind of stage: {"quantize": 2, …}. Trials of one
  // configuration that differ in them are rows of their own.
  Json revisions = Json::object();
  std::string tested;  // how many test images of which copy of the data, weights of the teacher
  std::string arch, synthesizer, quantizer;
  Json protocol_fields;  // null where the configuration does not say
  std::string sweep;     // several sweeps that share the configuration: "a, b"
  std::string dataset, model, method;
  double w_bits = 0, a_bits = 0;
  std::string bits;  // "w4a8", "wmp4a8" (mixed precision), "w@first8a4" (by layer)
  int n = 0;         // distinct evaluations: trials whose evaluate stage coincides count once
  // Different sets of calibration images among these: fewer than n vary less than seeds do. None
  // where the images are made while quantizing.
  std::optional<int> image_sets;
  double top1_mean = 0;
  std::optional<double> top1_std;  // n ≥ 2
  // 95 % interval over seeds: t from n = 3, BCa from n = 10.
  std::optional<double> top1_ci_low, top1_ci_high;
  double top1_best = 0;
  std::optional<double> agreement, fp32_top1;
  std::optional<double> drop;  // teacher's top-1 − mean
  // Mean − that of the same configuration on as many real images, wherever in the home it is; none
  // where there are several (real images under other parameters).
  std::optional<double> to_real;
  // Means of what training went through, beside its last state (top1_mean): before it, the best as
  // the test images tell (never ranked), and the one that held-out images pick.
  std::optional<double> untrained_top1, best_snapshot_top1, heldout_snapshot_top1;
  // What training went through: images that the student saw, the sum over its steps of learning
  // rate × weight of the distillation, and the real images that it may draw from.
  std::optional<double> images_seen, lr_kd, real_images;
  std::optional<double> images, size_bytes, bitops;
  std::vector<int64_t> seeds;
  std::string protocol, variant;
  std::optional<double> seconds_mean;
  std::optional<double> published;
  std::optional<std::string> published_source;
  std::optional<int64_t> test_images;  // evaluated; none of a revision that did not count them
  int64_t limit = 0;  // test images; 0: all, also where the limit was above their number
  // Another protocol, test set (limit, copy of the data) or teacher (weights) stands in the same
  // dataset, model and bits: the order says nothing between them.
  bool not_comparable = false;
  // What is not as its paper has it (recipe, parts, variant and protocol), and what tells it apart
  // from rows of the same dataset, model, bits, method, protocol and variant: the important first.
  std::vector<Setting> settings;
  bool papers_known = false;  // whether the catalogue has all its parts
};

// Whether some of its trials were calibrated on the same images.
inline bool SharesImages(const LeaderboardRow& row) {
  return row.image_sets && *row.image_sets < row.n;
}

// Done trials of a sweep (empty: of the home) that match. Order: dataset, model, bits from high to
// low (of equal numbers uniform before mixed), then mean top-1 from high to low. Throws kUsage for
// an unknown sweep.
std::vector<LeaderboardRow> Leaderboard(const ResultsReader& reader, const PaperSettings& papers,
                                        const std::string& sweep = "", const Filter& where = {});

// SQL: the revisions of a trial `t` as text, equal for trials of one row: "evaluate 1,quantize 2".
inline constexpr const char* kRevisionsSql =
    "(SELECT group_concat(kind || ' ' || revision) FROM (SELECT d.kind, d.revision FROM "
    "trial_stage x JOIN stage g ON g.id = x.stage_id JOIN design d ON d.id = g.design_id "
    "WHERE x.trial_id = t.id ORDER BY d.kind))";
// Names a row within its home: "17:evaluate 1,quantize 2". `revisions` are those of kRevisionsSql.
std::string RowKey(int64_t configuration, const std::string& revisions);
std::string RowKey(const LeaderboardRow& row);

// ["iterations=1000", "images=256"]: the settings that are not the paper's, and what else tells its
// rows apart.
Json SettingsAsJson(const LeaderboardRow& row);

// The columns of the contract (leaderboard_columns.h), one value each: for JSON and CSV.
Table LeaderboardTable(const std::vector<LeaderboardRow>& rows);

// "zeroq", "dsg (fixed)".
std::string VariantName(const LeaderboardRow& row);
// The same with as much as tells its rows apart: "real+finetune [weights=lsq]".
std::string MethodName(const LeaderboardRow& row);

// For people: "87.91 ± 0.06", "W4A4", "1.1 MB"; a marked protocol ends in " *". Settings that all
// rows share stand above or below the table, as SharedSettings. What training went through has
// columns where a row was trained; `more` are names of further columns.
Table LeaderboardForDisplay(const std::vector<LeaderboardRow>& rows,
                            const std::vector<std::string>& more = {});
// "settings of all rows: iterations 1000, images 256"; empty where there are none.
std::string SharedSettings(const std::vector<LeaderboardRow>& rows);

// The same for a terminal. Narrow: a section for each dataset and model in the order of their first
// rows, under each row its settings and what training went through, and no column that would say
// nothing or the same in every row; wide: all there is in the order of `rows`. Best: of rows that
// are comparable, where they differ.
DisplayTable NarrowLeaderboard(const std::vector<LeaderboardRow>& rows);
DisplayTable WideLeaderboard(const std::vector<LeaderboardRow>& rows);

// What the marks mean that these rows carry, a sentence each: "* within this dataset, …".
std::vector<std::string> Notes(const std::vector<LeaderboardRow>& rows);
inline constexpr const char* kIncomparableNote =
    "* within this dataset, model and bits, protocols, test images or teachers differ: do not "
    "compare";
inline constexpr const char* kSharedImagesNote =
    "† some of the n share their calibration images: other seeds would vary more";
// What the intervals cover.
inline constexpr const char* kIntervalNote =
    "intervals (95 %, from n = 3 on): of the mean over other seeds, on these test images and this "
    "teacher";

// For people: "W4A8", "WMP4A8", "W@first8A4" of the stored "w4a8", "wmp4a8", "w@first8a4".
std::string BitsName(const std::string& bits);

}  // namespace zerosweep
