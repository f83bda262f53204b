#include "reports/compare/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "reports/compare/published.h"

namespace zerosweep {
namespace {

constexpr double kSameAccuracy = 0.006;  // of teachers; they are printed with two decimals

bool IsBits(const std::string& printed, double bits) {
  return printed == fmt::format("{:g}", bits);
}

// For mixed precision, papers print our budget in another way: "wmp4a8" is "MP(avg4)", 8.
bool SameBits(const PublishedRow& published, const LeaderboardRow& ours) {
  if (!IsBits(published.a_bits, ours.a_bits)) return false;
  if (ours.bits.starts_with("wmp"))
    return published.w_bits == fmt::format("MP(avg{:g})", ours.w_bits);
  return IsBits(published.w_bits, ours.w_bits) && !ours.bits.starts_with("w@");
}

bool MayBeHeldAgainst(const PublishedRow& published, const LeaderboardRow& ours) {
  return published.metric == "top1" && ours.has_top1() && published.recipe == ours.method &&
         published.dataset == ours.dataset && ArchFamily(published.arch) == ArchFamily(ours.arch) &&
         SameBits(published, ours);
}

// Fields in which the paper's protocol and ours differ: "act_placement op_input, first_w 8".
void AddProtocol(const PublishedRow& published, const LeaderboardRow& ours,
                 const PaperSettings& papers, std::vector<std::string>& differences) {
  const auto preset = papers.presets.find(published.preset);
  if (preset == papers.presets.end()) {
    differences.push_back(fmt::format("protocol: {}", kNotTold));
    return;
  }
  Json theirs = preset->second;
  if (!published.stem_out.empty())
    theirs["stem_out_a"] = published.stem_out == "n-bit" ? Json("same") : Json(8);
  const Json& fields = ours.protocol_fields;
  for (const auto& [field, value] : theirs.items()) {
    if (!fields.contains(field) || fields.at(field) == value) continue;
    differences.push_back(fmt::format("protocol: {} {} there, {} here", field, ShownValue(value),
                                      ShownValue(fields.at(field))));
  }
}

// "settings: iterations 600, not 70000; …". AddProtocol lists the protocol field by field.
void AddSettings(const LeaderboardRow& ours, std::vector<std::string>& differences) {
  std::vector<std::string> other;
  for (const Setting& setting : ours.settings)
    if (setting.name != "protocol" && setting.papers && !setting.IsPapers())
      other.push_back(fmt::format("{}, not {}", Phrase(setting), ShownValue(*setting.papers)));
  if (!other.empty()) differences.push_back("settings: " + Join(other, ", "));
}

std::vector<std::string> DifferencesOf(const PublishedRow& published, const LeaderboardRow& ours,
                                       const PaperSettings& papers) {
  std::vector<std::string> differences;
  const std::optional<double> theirs = published.fp32, here = ours.mean("fp32_top1");
  if (!theirs) {
    differences.push_back(fmt::format("teacher: {}", kNotTold));
  } else if (!here) {
    differences.push_back(fmt::format("teacher: {:.2f} there", *theirs));
  } else if (std::abs(*theirs - *here) > kSameAccuracy) {
    differences.push_back(fmt::format("teacher: {:.2f} there, {:.2f} here", *theirs, *here));
  }
  if (published.arch != ours.arch)
    differences.push_back(fmt::format("network: {} there, {} here", published.arch, ours.arch));
  AddProtocol(published, ours, papers, differences);
  AddSettings(ours, differences);
  const bool real = ours.synthesizer == "real";
  if (!ours.synthesizer.empty() && (published.needs_real_data == "yes") != real) {
    differences.push_back(fmt::format("real data: {} there, {} here", published.needs_real_data,
                                      real ? "yes" : "no"));
  }
  if (published.pick.empty()) {
    differences.push_back(fmt::format("epoch: {}", kNotTold));
  } else if (published.pick != "last") {
    differences.push_back(fmt::format("epoch: {} there, last here", published.pick));
  }
  if (ours.limit > 0)
    differences.push_back(fmt::format("test images: the first {} here", ours.limit));
  // The origin of a copy of the data is unknown; only its content is.
  if (const Json tested = ParseJson(ours.tested, "a test set");
      tested.size() > 1 && tested[1].is_object()) {
    const std::string fingerprint = tested[1].value("fingerprint", "");
    if (!fingerprint.empty()) {
      differences.push_back(
          fmt::format("dataset copy: {} here, {}", fingerprint.substr(0, 8), kNotTold));
    }
  }
  return differences;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Whether the user's word is one of a number's names: "resnet18", "ResNet-18".
bool Is(const std::string& word, const std::vector<std::string>& names) {
  return word.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return !name.empty() && Lower(name) == Lower(word);
         });
}

std::vector<std::string> MethodNames(const PublishedRow& row) { return {row.recipe, row.method}; }
std::vector<std::string> ModelNames(const PublishedRow& row) {
  return {row.arch, ArchFamily(row.arch), row.model_as_printed};
}

void RequireKnown(const std::string& what, const std::string& word,
                  std::vector<std::string> (*names)(const PublishedRow&)) {
  std::set<std::string> known;
  for (const PublishedRow& row : PublishedNumbers()) {
    if (Is(word, names(row))) return;
    for (const std::string& name : names(row))
      if (!name.empty()) known.insert(name);
  }
  Fail(ErrorKind::kUsage, "no published number of {} '{}'{}", what, word,
       Suggestion(word, {known.begin(), known.end()}));
}

std::vector<std::string> PaperNames(const PublishedRow& row) { return {row.paper}; }

}  // namespace

std::optional<double> Comparison::PublishedDrop() const {
  if (published == nullptr || !published->fp32) return std::nullopt;
  return *published->fp32 - published->value;
}

std::optional<double> Comparison::DropDifference() const {
  const std::optional<double> theirs = PublishedDrop();
  if (ours == nullptr || !ours->drop || !theirs) return std::nullopt;
  return *ours->drop - *theirs;
}

std::vector<Comparison> Compare(const std::vector<LeaderboardRow>& board,
                                const PaperSettings& papers, const ComparisonFilter& filter) {
  RequireKnown("paper", filter.paper, PaperNames);
  RequireKnown("method", filter.method, MethodNames);
  RequireKnown("model", filter.model, ModelNames);
  std::vector<Comparison> rows;
  std::set<const LeaderboardRow*> met;
  for (const PublishedRow& published : PublishedNumbers()) {
    if (!Is(filter.paper, PaperNames(published)) || !Is(filter.method, MethodNames(published)) ||
        !Is(filter.model, ModelNames(published)) ||
        (published.confidence == "recalled" && !filter.recalled))
      continue;
    const size_t before = rows.size();
    for (const LeaderboardRow& ours : board) {
      if (!MayBeHeldAgainst(published, ours)) continue;
      rows.push_back({&published, &ours, DifferencesOf(published, ours, papers)});
      met.insert(&ours);
    }
    if (rows.size() == before) rows.push_back({&published, nullptr, {}});
  }
  if (!filter.paper.empty()) return rows;
  const auto unmet = std::stable_partition(
      rows.begin(), rows.end(), [](const Comparison& row) { return row.ours != nullptr; });
  std::vector<Comparison> of_ours;
  for (const LeaderboardRow& ours : board) {
    if (!met.contains(&ours) && Is(filter.method, {ours.method}) &&
        Is(filter.model, {ours.arch, ArchFamily(ours.arch), ours.model}))
      of_ours.push_back({nullptr, &ours, {}});
  }
  rows.insert(unmet, of_ours.begin(), of_ours.end());
  return rows;
}

void AddPublished(std::vector<LeaderboardRow>& board, const PaperSettings& papers) {
  static const std::vector<std::string> kConfidences = {"primary", "secondary", "rerun"};
  const auto rank = [](const PublishedRow& row) {
    return std::find(kConfidences.begin(), kConfidences.end(), row.confidence) -
           kConfidences.begin();
  };
  for (LeaderboardRow& ours : board) {
    // By differences and rank; the first of equals.
    std::map<std::pair<size_t, std::ptrdiff_t>, const PublishedRow*> comparable;
    for (const PublishedRow& published : PublishedNumbers()) {
      if (published.confidence == "recalled" || !MayBeHeldAgainst(published, ours)) continue;
      const size_t differences = DifferencesOf(published, ours, papers).size();
      comparable.try_emplace({differences, rank(published)}, &published);
    }
    if (comparable.empty()) continue;
    const PublishedRow& best = *comparable.begin()->second;
    ours.published = best.value;
    ours.published_source = fmt::format("{}, {}", best.title, best.table);
  }
}

}  // namespace zerosweep
