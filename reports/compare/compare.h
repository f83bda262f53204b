// Our results beside the papers' numbers, with everything that makes the two not the same.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/leaderboard/leaderboard.h"
#include "storage/results/rows.h"

namespace zerosweep {

// What is compared. Empty: all.
struct ComparisonFilter {
  std::string paper;   // "genie"
  std::string method;  // a recipe of ours, or the method as printed: "zeroq", "ZeroQ"
  std::string model;  // an architecture of ours, its family, or as printed: "resnet18", "ResNet-18"
  bool recalled = false;  // also numbers from memory
};

// A published number and one of our rows of the same method, dataset, family of networks and bits;
// or one of the two alone.
struct Comparison {
  const PublishedRow* published = nullptr;
  const LeaderboardRow* ours = nullptr;
  // "teacher: 71.47 there, 69.76 here", "pick: best there, last here"; with both only.
  std::vector<std::string> differences;

  std::optional<double> PublishedDrop() const;  // points below its teacher
  // Ours − the paper's: negative is better.
  std::optional<double> DropDifference() const;
};

// Ends a difference of which the paper does not tell its side.
inline constexpr const char* kNotTold = "not told there";

// Every published number that passes, with each of our rows that it may be held against, else
// alone: of one paper in its order; else first those with one of our rows, then our rows that no
// number is like, then the others. `board` outlives the result. Throws kUsage for a paper, method
// or model that no number has.
std::vector<Comparison> Compare(const std::vector<LeaderboardRow>& board,
                                const PaperSettings& papers, const ComparisonFilter& filter);

// Sets `published` and `published_source` of each row that a number is like: of several the most
// comparable, never one from memory.
void AddPublished(std::vector<LeaderboardRow>& board, const PaperSettings& papers);

Table ComparisonTable(const std::vector<Comparison>& rows);
// For a terminal. Narrow: a section for the rows of one paper, table and dataset that follow each
// other, or all of them `together` (for rows in an order of one's own); wide: with the teachers and
// what differs in words.
DisplayTable NarrowComparison(const std::vector<Comparison>& rows, bool together = false);
DisplayTable WideComparison(const std::vector<Comparison>& rows);
// What the marks in both mean.
inline constexpr const char* kComparisonNote =
    "differs: T teacher, N network, P protocol, S settings (from the recipe's profile `paper`, for "
    "GDFQ and its kin that of CIFAR-10), R real data, E which epoch, I test images; ? not told by "
    "the paper; () from memory. Δ drop: points lost here − there, negative is better.";

}  // namespace zerosweep
