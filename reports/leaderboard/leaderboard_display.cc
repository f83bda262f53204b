// The leaderboard as a table for display: for documents, and narrow or wide for a terminal.
#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "reports/leaderboard/leaderboard.h"
#include "reports/leaderboard/leaderboard_columns.h"
#include "reports/leaderboard/settings_column.h"
#include "reports/text/table_order.h"

namespace zerosweep {
namespace {

using Row = LeaderboardRow;
using Names = std::vector<std::string>;

constexpr const char* kSettings = "settings";
constexpr size_t kSettingsPlace = 4;  // after the method
const Names kTraining = {"untrained_top1", "best_snapshot_top1", "heldout_snapshot_top1",
                         "images_seen", "lr_kd"};

Names Concat(Names first, const Names& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

bool AnyRankedBy(const std::vector<LeaderboardRow>& rows, const std::string& score) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const Row& row) { return row.ranked_by == score; });
}

// Whether any row has a value in a column.
bool AnyHas(const std::vector<LeaderboardRow>& rows, const std::string& column) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const Row& row) { return !ColumnOf(column).value(row).is_null(); });
}

// Images without labels are often few: the standard errors are shown.
bool ShowsErrors(const std::vector<LeaderboardRow>& rows) {
  const bool all_labelled =
      std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.has_top1(); });
  return !all_labelled && AnyHas(rows, "score_se");
}

// The columns of the scores that rank the rows, and of the distances to the FP32 network that they
// have.
Names Scores(const std::vector<LeaderboardRow>& rows) {
  Names names;
  if (rows.empty() || AnyRankedBy(rows, "top1")) names.emplace_back("top1_mean");
  for (const char* score : {"agreement", "iou", "cosine"})
    if (AnyRankedBy(rows, score)) names.emplace_back(score);
  if (ShowsErrors(rows)) names.emplace_back("score_se");
  for (const char* distance : {"kl", "kl_se", "sqnr"})
    if (AnyHas(rows, distance)) names.emplace_back(distance);
  return names;
}

// The columns that only rows with a top-1 have, if there are any.
Names WithTop1(const std::vector<LeaderboardRow>& rows, const Names& names) {
  return rows.empty() || AnyRankedBy(rows, "top1") ? names : Names();
}

void InsertSettings(const std::vector<LeaderboardRow>& rows, Table& table) {
  const SettingsColumn settings = SettingsOfBoard(rows);
  table.columns.insert(table.columns.begin() + kSettingsPlace, kSettings);
  for (size_t i = 0; i < rows.size(); ++i)
    table.rows[i].insert(table.rows[i].begin() + kSettingsPlace, settings.own[i]);
}

// The columns of all rows in a document.
Names DocumentNames(const std::vector<LeaderboardRow>& rows) {
  Names names = Concat({"dataset", "model", "bits", "method"}, Scores(rows));
  names = Concat(Concat(names, {"n"}), WithTop1(rows, {"drop"}));
  names = Concat(Concat(names, {"to_real"}), WithTop1(rows, {"fp32_top1"}));
  if (!AnyRankedBy(rows, "agreement") && AnyRankedBy(rows, "top1")) names.emplace_back("agreement");
  return Concat(names, {"images", "size_bytes", "seconds_mean"});
}

// The best rows of each dataset, model, bits, protocol, test set and teacher whose rows differ.
std::set<size_t> BestRows(const std::vector<LeaderboardRow>& rows) {
  using Block = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  std::map<Block, std::vector<size_t>> blocks;
  for (size_t i = 0; i < rows.size(); ++i) {
    const LeaderboardRow& row = rows[i];
    blocks[{row.dataset, row.model, row.bits, row.protocol, row.tested}].push_back(i);
  }
  std::set<size_t> best;
  for (const auto& [block, places] : blocks) {
    const auto [least, most] = std::minmax_element(
        places.begin(), places.end(),
        [&](size_t a, size_t b) { return rows[a].score_mean < rows[b].score_mean; });
    if (rows[*least].score_mean == rows[*most].score_mean) continue;
    for (const size_t place : places)
      if (rows[place].score_mean == rows[*most].score_mean) best.insert(place);
  }
  return best;
}

std::pair<std::string, std::string> SectionOf(const LeaderboardRow& row) {
  return {row.dataset, row.model};
}

// The effort of the training: "51200 images seen · Σ lr·KD 0.76".
std::string Training(const LeaderboardRow& row) {
  std::vector<std::string> words;
  if (row.mean("images_seen")) words.push_back(TextOf("images_seen", row) + " images seen");
  if (row.mean("real_images")) words.push_back(TextOf("real_images", row) + " real images");
  if (row.mean("lr_kd")) words.push_back("Σ lr·KD " + TextOf("lr_kd", row));
  return Join(words, " · ");
}

// Adds a section with these rows, its note, and the text under each row.
void AddSection(std::span<const LeaderboardRow> section, const std::string& heading,
                DisplayTable& display) {
  const SettingsColumn settings = SettingsOfBoard(section);
  display.sections.push_back({display.under.size(), heading, settings.SharedNote()});
  for (size_t i = 0; i < section.size(); ++i) {
    std::vector<std::string> words;
    if (settings.own[i] != kNoSettings) words.push_back(settings.own[i]);
    if (const std::string training = Training(section[i]); !training.empty())
      words.push_back(training);
    display.under.push_back(Join(words, " · "));
  }
}

// "cifar10, resnet20 (FP32 88.13 %), protocol zeroq", without parts in which its rows differ.
std::string Heading(std::span<const LeaderboardRow> section, bool one_protocol) {
  const LeaderboardRow& first = section.front();
  const bool one_teacher =
      first.mean("fp32_top1") && std::all_of(section.begin(), section.end(), [&](const Row& row) {
        return TextOf("fp32_top1", row) == TextOf("fp32_top1", first);
      });
  std::string heading = fmt::format("{}, {}", first.dataset, first.model);
  if (one_teacher) heading += fmt::format(" (FP32 {} %)", TextOf("fp32_top1", first));
  return one_protocol ? heading + ", protocol " + TextOf("protocol", first) : heading;
}

}  // namespace

std::vector<std::string> Notes(const std::vector<LeaderboardRow>& rows) {
  std::vector<std::string> notes;
  if (std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.not_comparable; }))
    notes.emplace_back(kIncomparableNote);
  if (std::any_of(rows.begin(), rows.end(), SharesImages)) notes.emplace_back(kSharedImagesNote);
  for (const auto& [score, note] :
       {std::pair("agreement", kAgreementNote), {"iou", kIouNote}, {"cosine", kCosineNote}})
    if (AnyRankedBy(rows, score)) notes.emplace_back(note);
  if (ShowsErrors(rows)) notes.emplace_back(kErrorNote);
  return notes;
}

std::string SharedSettings(const std::vector<LeaderboardRow>& rows) {
  return SettingsOfBoard(rows).SharedNote();
}

Table LeaderboardForDisplay(const std::vector<LeaderboardRow>& rows, const Names& more) {
  Names names = DocumentNames(rows);
  if (AnyHas(rows, "untrained_top1") || AnyHas(rows, "images_seen"))
    names = Concat(names, kTraining);
  if (AnyHas(rows, "real_images")) names.emplace_back("real_images");
  names.emplace_back("protocol");
  Table table = TableForDisplay(rows, Concat(names, more));
  InsertSettings(rows, table);
  return table;
}

DisplayTable NarrowLeaderboard(const std::vector<LeaderboardRow>& rows) {
  const std::vector<LeaderboardRow> ordered = GroupBy(rows, SectionOf);
  const bool one_protocol =
      std::all_of(rows.begin(), rows.end(), [&rows](const LeaderboardRow& row) {
        return !row.not_comparable && TextOf("protocol", row) == TextOf("protocol", rows.front());
      });
  Names names = Concat({"bits", "method"}, Scores(rows));
  names = Concat(Concat(names, {"n"}), WithTop1(rows, {"drop"}));
  if (AnyHas(rows, "to_real")) names.emplace_back("to_real");
  names = Concat(names, {"size_bytes", "seconds_mean"});
  if (AnyHas(rows, "published")) names.emplace_back("published");
  if (!one_protocol) names.emplace_back("protocol");
  DisplayTable display{.table = TableForDisplay(ordered, names),
                       .best = BestRows(ordered),
                       .shrinkable = 1,
                       .under_heading = kSettings};
  for (const auto& section : Runs(ordered, SectionOf))
    AddSection(section, Heading(section, one_protocol), display);
  return display;
}

DisplayTable WideLeaderboard(const std::vector<LeaderboardRow>& rows) {
  const Names names = Concat(
      Concat(DocumentNames(rows), kTraining),
      {"real_images", "protocol", "top1_ci_low", "top1_best", "published", "published_source"});
  DisplayTable display{.table = TableForDisplay(rows, names), .best = BestRows(rows)};
  InsertSettings(rows, display.table);
  if (const std::string shared = SharedSettings(rows); !shared.empty())
    display.sections.push_back({0, shared});
  return display;
}

}  // namespace zerosweep
