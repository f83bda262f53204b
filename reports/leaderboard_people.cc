// The leaderboard as a table for people: in documents, and narrow or wide on a terminal.
#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <tuple>

#include "base/text.h"
#include "reports/leaderboard.h"
#include "reports/settings_column.h"
#include "reports/table_order.h"

namespace zerosweep {
namespace {

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

// A column of a table for people.
struct Column {
  const char* name;
  std::string (*cell)(const LeaderboardRow&);
};
using Row = LeaderboardRow;

const Column kBits = {"bits", [](const Row& row) { return BitsName(row.bits); }};
const Column kMethod = {"method", VariantName};
const Column kTop1 = {"top-1 %", Accuracy};
const Column kSamples = {
    "n", [](const Row& row) { return std::to_string(row.n) + (SharesImages(row) ? " †" : ""); }};
const Column kDrop = {"drop", [](const Row& row) { return Fixed(row.drop, 2); }};
const Column kToReal = {"to real", [](const Row& row) {
                          return row.to_real ? fmt::format("{:+.2f}", *row.to_real) : "–";
                        }};
const Column kSize = {
    "size", [](const Row& row) { return row.size_bytes ? HumanBytes(*row.size_bytes) : "–"; }};
const Column kSeconds = {"seconds", [](const Row& row) { return Fixed(row.seconds_mean, 1); }};
const Column kPublished = {"published", [](const Row& row) { return Fixed(row.published, 2); }};
const Column kProtocol = {"protocol", Protocol};

const Column kUntrained = {"untrained",
                           [](const Row& row) { return Fixed(row.untrained_top1, 2); }};
const Column kBestSnapshot = {"best snapshot",
                              [](const Row& row) { return Fixed(row.best_snapshot_top1, 2); }};
const Column kHeldout = {"held-out",
                         [](const Row& row) { return Fixed(row.heldout_snapshot_top1, 2); }};
const Column kImagesSeen = {"images seen",
                            [](const Row& row) { return Fixed(row.images_seen, 0); }};
const Column kRealImages = {"real images",
                            [](const Row& row) { return Fixed(row.real_images, 0); }};
const Column kLrKd = {
    "Σ lr·KD", [](const Row& row) { return row.lr_kd ? fmt::format("{:.4g}", *row.lr_kd) : "–"; }};

const std::vector<Column> kTraining = {kUntrained, kBestSnapshot, kHeldout, kImagesSeen, kLrKd};

constexpr const char* kSettings = "settings";
constexpr size_t kSettingsPlace = 4;  // after the method
const std::vector<Column> kForPeople = {
    {"dataset", [](const Row& row) { return row.dataset; }},
    {"model", [](const Row& row) { return row.model; }},
    kBits,
    kMethod,
    kTop1,
    kSamples,
    kDrop,
    kToReal,
    {"FP32 %", [](const Row& row) { return Fixed(row.fp32_top1, 2); }},
    {"agreement %", [](const Row& row) { return Fixed(row.agreement, 2); }},
    {"images", [](const Row& row) { return Fixed(row.images, 0); }},
    kSize,
    kSeconds};

const std::vector<Column> kWideOnly = {
    {"95 % interval",
     [](const Row& row) {
       return row.top1_ci_low ? Fixed(row.top1_ci_low, 2) + " … " + Fixed(row.top1_ci_high, 2)
                              : "–";
     }},
    {"best", [](const Row& row) { return Fixed(row.top1_best, 2); }},
    kPublished,
    {"published by", [](const Row& row) { return row.published_source.value_or("–"); }}};

Table TableOf(const std::vector<LeaderboardRow>& rows, const std::vector<Column>& columns) {
  Table table;
  for (const Column& column : columns) table.columns.emplace_back(column.name);
  for (const LeaderboardRow& row : rows) {
    std::vector<Json>& cells = table.rows.emplace_back();
    for (const Column& column : columns) cells.emplace_back(column.cell(row));
  }
  return table;
}

void InsertSettings(const std::vector<LeaderboardRow>& rows, Table& table) {
  const SettingsColumn settings = SettingsOfBoard(rows);
  table.columns.insert(table.columns.begin() + kSettingsPlace, kSettings);
  for (size_t i = 0; i < rows.size(); ++i)
    table.rows[i].insert(table.rows[i].begin() + kSettingsPlace, settings.own[i]);
}

bool AnyTrained(const std::vector<LeaderboardRow>& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const LeaderboardRow& row) {
    return row.untrained_top1.has_value() || row.images_seen.has_value();
  });
}

bool AnyHas(const std::vector<LeaderboardRow>& rows, std::optional<double> LeaderboardRow::*field) {
  return std::any_of(rows.begin(), rows.end(),
                     [field](const LeaderboardRow& row) { return (row.*field).has_value(); });
}

// Of each dataset, model, bits, protocol, test set and teacher, where its rows differ.
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
        [&](size_t a, size_t b) { return rows[a].top1_mean < rows[b].top1_mean; });
    if (rows[*least].top1_mean == rows[*most].top1_mean) continue;
    for (const size_t place : places)
      if (rows[place].top1_mean == rows[*most].top1_mean) best.insert(place);
  }
  return best;
}

std::pair<std::string, std::string> SectionOf(const LeaderboardRow& row) {
  return {row.dataset, row.model};
}

size_t EndOfSection(const std::vector<LeaderboardRow>& rows, size_t first) {
  size_t end = first;
  while (end < rows.size() && SectionOf(rows[end]) == SectionOf(rows[first])) ++end;
  return end;
}

// What training went through: "51200 images seen · Σ lr·KD 0.76".
std::string Training(const LeaderboardRow& row) {
  std::vector<std::string> words;
  if (row.images_seen) words.push_back(kImagesSeen.cell(row) + " images seen");
  if (row.real_images) words.push_back(kRealImages.cell(row) + " real images");
  if (row.lr_kd) words.push_back("Σ lr·KD " + kLrKd.cell(row));
  return Join(words, " · ");
}

// Adds a section, whose rows these are, with what stands under its heading and under each row.
void AddSection(std::span<const LeaderboardRow> section, const std::string& heading,
                PeopleTable& people) {
  std::vector<const LeaderboardRow*> rows;
  for (const LeaderboardRow& row : section) rows.push_back(&row);
  const SettingsColumn settings = SettingsOf(rows);
  people.sections.push_back({people.under.size(), heading,
                             settings.shared.empty() ? "" : kSharedSettings + settings.shared});
  for (size_t i = 0; i < section.size(); ++i) {
    std::vector<std::string> words;
    if (settings.own[i] != kNoSettings) words.push_back(settings.own[i]);
    if (const std::string training = Training(section[i]); !training.empty())
      words.push_back(training);
    people.under.push_back(Join(words, " · "));
  }
}

// "cifar10, resnet20 (FP32 88.13 %), protocol zeroq"; what differs between its rows is left out.
std::string Heading(std::span<const LeaderboardRow> section, bool one_protocol) {
  const LeaderboardRow& first = section.front();
  const bool one_teacher =
      first.fp32_top1 && std::all_of(section.begin(), section.end(), [&](const Row& row) {
        return Fixed(row.fp32_top1, 2) == Fixed(first.fp32_top1, 2);
      });
  std::string heading = fmt::format("{}, {}", first.dataset, first.model);
  if (one_teacher) heading += fmt::format(" (FP32 {:.2f} %)", *first.fp32_top1);
  return one_protocol ? heading + ", protocol " + Protocol(first) : heading;
}

}  // namespace

std::vector<std::string> Notes(const std::vector<LeaderboardRow>& rows) {
  std::vector<std::string> notes;
  if (std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.not_comparable; }))
    notes.emplace_back(kIncomparableNote);
  if (std::any_of(rows.begin(), rows.end(), SharesImages)) notes.emplace_back(kSharedImagesNote);
  return notes;
}

std::string SharedSettings(const std::vector<LeaderboardRow>& rows) {
  const std::string shared = SettingsOfBoard(rows).shared;
  return shared.empty() ? "" : kSharedSettings + shared;
}

Table LeaderboardForPeople(const std::vector<LeaderboardRow>& rows) {
  std::vector<Column> columns = kForPeople;
  if (AnyTrained(rows)) columns.insert(columns.end(), kTraining.begin(), kTraining.end());
  if (AnyHas(rows, &LeaderboardRow::real_images)) columns.push_back(kRealImages);
  columns.push_back(kProtocol);
  Table table = TableOf(rows, columns);
  InsertSettings(rows, table);
  return table;
}

PeopleTable NarrowLeaderboard(const std::vector<LeaderboardRow>& rows) {
  const std::vector<LeaderboardRow> ordered = Together(rows, SectionOf);
  const bool one_protocol =
      std::all_of(rows.begin(), rows.end(), [&rows](const LeaderboardRow& row) {
        return !row.not_comparable && Protocol(row) == Protocol(rows.front());
      });
  std::vector<Column> columns = {kBits, kMethod, kTop1, kSamples, kDrop};
  if (AnyHas(rows, &LeaderboardRow::to_real)) columns.push_back(kToReal);
  columns.insert(columns.end(), {kSize, kSeconds});
  if (AnyHas(rows, &LeaderboardRow::published)) columns.push_back(kPublished);
  if (!one_protocol) columns.push_back(kProtocol);
  PeopleTable people{.table = TableOf(ordered, columns),
                     .best = BestRows(ordered),
                     .gives_way = 1,
                     .under_heading = kSettings};
  for (size_t first = 0, end = 0; first < ordered.size(); first = end) {
    end = EndOfSection(ordered, first);
    const std::span<const LeaderboardRow> section(&ordered[first], end - first);
    AddSection(section, Heading(section, one_protocol), people);
  }
  return people;
}

PeopleTable WideLeaderboard(const std::vector<LeaderboardRow>& rows) {
  std::vector<Column> columns = kForPeople;
  columns.insert(columns.end(), kTraining.begin(), kTraining.end());
  columns.insert(columns.end(), {kRealImages, kProtocol});
  columns.insert(columns.end(), kWideOnly.begin(), kWideOnly.end());
  PeopleTable people{.table = TableOf(rows, columns), .best = BestRows(rows)};
  InsertSettings(rows, people.table);
  if (const std::string shared = SharedSettings(rows); !shared.empty())
    people.sections.push_back({0, shared});
  return people;
}

}  // namespace zerosweep
