#include "reports/compare/versus.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "base/error.h"
#include "base/text.h"
#include "reports/leaderboard/settings_column.h"
#include "reports/leaderboard/statistics.h"

namespace zerosweep {
namespace {

constexpr double kLevel = 0.05;

// A configuration's outcomes by seed. Several evaluations of one seed (on images of several seeds,
// for example) are averaged.
using BySeed = std::map<int64_t, Outcomes>;

// The number of evaluations in which each image was classified correctly.
struct Counts {
  std::vector<int> right;
  int evaluations = 0;

  void Add(const Json::binary_t& bits, size_t images) {
    if (bits.size() < (images + 7) / 8)
      Fail(ErrorKind::kStorage, "outcomes of {} test images are cut short: run `zerosweep fsck`",
           images);
    right.resize(std::max(right.size(), images), 0);
    for (size_t i = 0; i < images; ++i) right[i] += bits[i / 8] >> (i % 8) & 1;
    ++evaluations;
  }
  Outcomes Shares() const {
    Outcomes shares;
    for (const int count : right)
      shares.push_back(static_cast<float>(count) / static_cast<float>(evaluations));
    return shares;
  }
};

// Outcomes by row, for all rows with these configurations.
std::map<std::string, BySeed> ReadOutcomes(const ResultsReader& reader, const FilterSql& filter,
                                           const std::set<int64_t>& configurations) {
  const Table table = reader.Query(
      fmt::format(
          "SELECT t.configuration_id, {}, t.seed, c.images, c.bits FROM trial t JOIN trial_stage x "
          "ON "
          "x.trial_id = t.id AND x.kind = 'evaluate' JOIN correctness c ON c.stage_id = x.stage_id "
          "WHERE t.state = 'done' AND {} AND t.configuration_id IN ({}) "
          "ORDER BY t.configuration_id, t.seed, t.id",
          kRevisionsSql, filter.condition, fmt::join(configurations, ",")),
      filter.bindings);
  enum Column { kConfiguration, kRevisions, kSeed, kImages, kBits };
  std::map<std::pair<std::string, int64_t>, Counts> counts;  // by row and seed
  for (const auto& row : table.rows) {
    const std::string key =
        RowKey(row[kConfiguration].get<int64_t>(), row[kRevisions].get<std::string>());
    counts[{key, row[kSeed].get<int64_t>()}].Add(row[kBits].get_binary(),
                                                 row[kImages].get<size_t>());
  }
  std::map<std::string, BySeed> outcomes;
  for (const auto& [place, of] : counts) outcomes[place.first][place.second] = of.Shares();
  return outcomes;
}

std::optional<PairedResult> Compare(const BySeed& method, const BySeed& against) {
  std::vector<Outcomes> a, b;
  for (const auto& [seed, outcomes] : method) {
    const auto other = against.find(seed);
    if (other == against.end() || other->second.size() != outcomes.size()) continue;
    a.push_back(outcomes);
    b.push_back(other->second);
  }
  if (a.empty()) return {};
  return ComparePaired(a, b);
}

// Whether trials of one side share calibration images.
bool SharesImages(const VersusRow& row) {
  return SharesImages(row.method) || SharesImages(row.against);
}

auto BlockOf(const LeaderboardRow& row) {
  return std::tie(row.dataset, row.model, row.bits, row.tested);
}

// "lr=0.1" also matches `quantizer.lr`.
bool Means(const std::string& given, const Setting& setting) {
  const size_t equals = given.find('=');
  const std::string name = given.substr(0, equals);
  return equals != std::string::npos && given.substr(equals + 1) == ShownValue(setting.value) &&
         (setting.name == name || setting.name.ends_with("." + name));
}

// Accepts "gdfq", "gdfq (fixed)", or either with some of the settings on the leaderboard.
bool IsCalled(const LeaderboardRow& row, const std::string& name) {
  if (MethodName(row) == name) return true;
  const size_t bracket = name.find(" [");
  const std::string plain = name.substr(0, bracket);
  if (row.method != plain && VariantName(row) != plain) return false;
  if (bracket == std::string::npos) return true;
  const size_t end = name.size() - (name.ends_with(']') ? 1 : 0);
  std::istringstream given(name.substr(bracket + 2, end - bracket - 2));
  return std::all_of(std::istream_iterator<std::string>(given), {},
                     [&](const std::string& setting) {
                       return std::any_of(row.settings.begin(), row.settings.end(),
                                          [&](const Setting& of) { return Means(setting, of); });
                     });
}

// "a is better than b by 1.20 points (0.90 to 1.50)".
std::string Difference(const PairedResult& result, const std::string& method,
                       const std::string& against) {
  const auto [low, high] = result.interval;
  if (result.interval.Holds(0)) {
    return fmt::format("{} and {} cannot be told apart: {:+.2f} points ({:+.2f} to {:+.2f})",
                       method, against, result.difference, low, high);
  }
  const auto [least, most] = std::minmax({std::abs(low), std::abs(high)});
  return fmt::format("{} is {} than {} by {:.2f} points ({:.2f} to {:.2f})", method,
                     result.difference > 0 ? "better" : "worse", against,
                     std::abs(result.difference), least, most);
}

// Fills in the results of all rows.
void CompareAll(const ResultsReader& reader, const FilterSql& filter,
                std::vector<VersusRow>& rows) {
  std::set<int64_t> configurations;
  for (const VersusRow& row : rows)
    configurations.insert({row.method.configuration, row.against.configuration});
  std::map<std::string, BySeed> outcomes = ReadOutcomes(reader, filter, configurations);
  std::vector<double> p;
  for (VersusRow& row : rows) {
    row.result = Compare(outcomes[row.method.key], outcomes[row.against.key]);
    if (row.result && row.result->p) p.push_back(*row.result->p);
  }
  const std::vector<double> adjusted = HolmAdjusted(p);
  auto next = adjusted.begin();
  for (VersusRow& row : rows) {
    if (!row.result || !row.result->p) continue;
    row.p_holm = *next++;
    row.comparisons = static_cast<int>(p.size());
    row.seeds_needed = SeedsNeeded(*row.result, row.comparisons);
  }
}

std::string P(double p) { return p < 0.0005 ? "p < 0.001" : fmt::format("p = {:.2g}", p); }

}  // namespace

std::vector<VersusRow> Versus(const ResultsReader& reader, const PaperSettings& papers,
                              const std::string& sweep, const Filter& where,
                              const std::string& method) {
  const std::vector<LeaderboardRow> board = Leaderboard(reader, papers, sweep, where);
  std::vector<VersusRow> rows;
  for (const LeaderboardRow& row : board) {
    for (const LeaderboardRow& against : board) {
      const bool both = IsCalled(row, method);  // if both have that name, compare them once
      if (&row == &against || !IsCalled(against, method) || BlockOf(row) != BlockOf(against) ||
          (both && &row > &against))
        continue;
      rows.push_back({.method = row, .against = against});
    }
  }
  if (std::none_of(board.begin(), board.end(),
                   [&](const LeaderboardRow& row) { return IsCalled(row, method); })) {
    std::set<std::string> names;
    for (const LeaderboardRow& row : board) names.insert(MethodName(row));
    Fail(ErrorKind::kUsage, "no result of method '{}'{}", method,
         Suggestion(method, {names.begin(), names.end()}));
  }
  CompareAll(reader, ToSql(sweep, where), rows);
  return rows;
}

std::vector<VersusRow> Leaders(const ResultsReader& reader, const std::string& sweep,
                               const std::vector<LeaderboardRow>& board, size_t most) {
  using Group = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  std::map<Group, std::vector<const LeaderboardRow*>> groups;
  std::vector<VersusRow> rows;
  for (const LeaderboardRow& row : board) {  // the best come first
    auto& group = groups[{row.dataset, row.model, row.bits, row.tested, row.protocol}];
    group.push_back(&row);
    if (group.size() == 2 && rows.size() < most)
      rows.push_back({.method = *group.front(), .against = row});
  }
  CompareAll(reader, ToSql(sweep, {}), rows);
  return rows;
}

std::string Conclusion(const VersusRow& row) {
  const std::string method = MethodName(row.method), against = MethodName(row.against);
  if (!row.result) {
    return fmt::format("{} and {} have no {}seed in common: nothing can be said.", method, against,
                       row.method.ranked_by == "iou" || row.method.ranked_by == "cosine"
                           ? "answers to single images of a "
                           : "");
  }
  const PairedResult& result = *row.result;
  if (result.difference == 0 && result.interval.low == 0 && result.interval.high == 0)
    return fmt::format("{} and {} answer alike on every image.", method, against);
  const bool told_apart = !result.interval.Holds(0);
  const bool shown = told_apart && result.n > 1 && *row.p_holm < kLevel;
  std::string text = Difference(result, method, against);
  if (result.n == 1) {
    text += fmt::format(" on one seed{}; other seeds may differ.",
                        result.p ? "'s networks (" + P(*result.p) + ")" : "");
  } else if (shown) {
    text += fmt::format(" over {} seeds: shown ({} after Holm).", result.n, P(*row.p_holm));
  } else if (told_apart) {
    text +=
        fmt::format(" on these {} seeds, but that it holds for others is not shown ({} after Holm",
                    result.n, P(*row.p_holm));
    if (const double floor = *result.p_floor * row.comparisons; floor > kLevel)
      text += fmt::format("; {} seeds cannot go below {:.2g}", result.n, floor);
    text += ").";
  } else {
    text += fmt::format(" over {} seeds.", result.n);
  }
  if (!shown && row.seeds_needed)
    text += fmt::format(" About {} seeds would settle it.", *row.seeds_needed);
  if (SharesImages(row))
    text += " Its trials share calibration images, so they vary less than seeds do.";
  if (row.method.protocol != row.against.protocol)
    text +=
        fmt::format(" Their protocols differ ({}, {}).", row.method.protocol, row.against.protocol);
  return text;
}

Table VersusTable(const std::vector<VersusRow>& rows) {
  Table table;
  table.columns = {"dataset",       "model",      "bits",
                   "method",        "against",    "n",
                   "images",        "difference", "ci_low",
                   "ci_high",       "std",        "p",
                   "p_floor",       "p_holm",     "seeds_needed",
                   "shared_images", "protocol",   "against_protocol",
                   "conclusion",    "settings",   "against_settings"};
  for (const VersusRow& row : rows) {
    std::vector<Json> cells = {row.method.dataset, row.method.model, row.method.bits,
                               MethodName(row.method), MethodName(row.against)};
    if (row.result) {
      const PairedResult& of = *row.result;
      cells.insert(cells.end(), {of.n, of.images, of.difference, of.interval.low, of.interval.high,
                                 of.spread, of.p, of.p_floor, row.p_holm, row.seeds_needed});
    } else {
      cells.push_back(0);
      cells.resize(cells.size() + 9);
    }
    cells.insert(cells.end(),
                 {SharesImages(row), row.method.protocol, row.against.protocol, Conclusion(row),
                  SettingsAsJson(row.method), SettingsAsJson(row.against)});
    table.rows.push_back(std::move(cells));
  }
  return table;
}

DisplayTable VersusForPeople(const std::vector<VersusRow>& rows) {
  DisplayTable people{.under_heading = "settings of both"};
  Table& table = people.table;
  table.columns = {"dataset", "model",      "bits",          "method", "against",
                   "n",       "difference", "95 % interval", "p",      "Holm"};
  for (const VersusRow& row : rows) {
    std::vector<Json> cells = {row.method.dataset, row.method.model, BitsName(row.method.bits),
                               MethodName(row.method), MethodName(row.against)};
    if (row.result) {
      const PairedResult& of = *row.result;
      cells.insert(cells.end(),
                   {std::to_string(of.n), fmt::format("{:+.2f}", of.difference),
                    fmt::format("{:+.2f} … {:+.2f}", of.interval.low, of.interval.high),
                    of.p ? fmt::format("{:.2g}", *of.p) : "–",
                    row.p_holm ? fmt::format("{:.2g}", *row.p_holm) : "–"});
    } else {
      cells.insert(cells.end(), {"0", "–", "–", "–", "–"});
    }
    table.rows.push_back(std::move(cells));
    const SettingsColumn settings = SettingsOf({&row.method, &row.against});
    people.under.push_back(
        (settings.shared.empty() ? "" : "both: " + settings.shared + "; ") +
        fmt::format("method: {}; against: {}", settings.own[0], settings.own[1]));
  }
  return people;
}

}  // namespace zerosweep
