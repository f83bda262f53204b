// Compares our results with the papers' numbers, and lists everything that makes them differ.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"
#include "storage/results/rows.h"

namespace zerosweep {

// Selects what is compared. Empty fields select everything.
struct ComparisonFilter {
  std::string paper;   // "genie"
  std::string method;  // a recipe of ours, or the method as printed: "zeroq", "ZeroQ"
  std::string model;  // an architecture of ours, its family, or as printed: "resnet18", "ResNet-18"
  bool recalled = false;  // include numbers from memory
};

// A published number paired with one of our rows of the same method, dataset, family of networks
// and bits; or one of the two alone.
struct Comparison {
  const PublishedRow* published = nullptr;
  const LeaderboardRow* ours = nullptr;
  // "teacher: 71.47 there, 69.76 here", "pick: best there, last here"; only if both are given.
  std::vector<std::string> differences;

  std::optional<double> PublishedDrop() const;  // points below its teacher
  // Ours − the paper's; negative is better.
  std::optional<double> DropDifference() const;
};

// The end of a difference for which the paper does not state its side.
inline constexpr const char* kNotTold = "not told there";

// Returns every published number that passes the filter, with each of our rows that is comparable,
// or alone. With a paper in the filter, they are in the paper's order. Otherwise the numbers with
// one of our rows come first, then our rows without a number, then the other numbers. REQUIRES:
// `board` outlives the result. Throws kUsage for a paper, method or model that no number has.
std::vector<Comparison> Compare(const std::vector<LeaderboardRow>& board,
                                const PaperSettings& papers, const ComparisonFilter& filter);

// Sets `published` and `published_source` of each row with a comparable number: the most comparable
// one of several, and never one from memory.
void AddPublished(std::vector<LeaderboardRow>& board, const PaperSettings& papers);

Table ComparisonTable(const std::vector<Comparison>& rows);
// For a terminal. Narrow: one section for consecutive rows of the same paper, table and dataset, or
// a single section if `together` (for rows in another order). Wide: adds the teachers and the
// differences in words.
DisplayTable NarrowComparison(const std::vector<Comparison>& rows, bool together = false);
DisplayTable WideComparison(const std::vector<Comparison>& rows);
// Explains the marks in both tables.
inline constexpr const char* kComparisonNote =
    "differs: T teacher, N network, P protocol, S settings (from the recipe's profile `paper`, for "
    "GDFQ and its kin that of CIFAR-10), R real data, E which epoch, I test images; ? not told by "
    "the paper; () from memory. Δ drop: points lost here − there, negative is better.";

}  // namespace zerosweep
