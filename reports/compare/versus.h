// Compares the methods of a sweep with one of them: which conclusions the seeds and images that
// they share allow.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/leaderboard/filter.h"
#include "reports/leaderboard/leaderboard.h"
#include "reports/leaderboard/paired.h"
#include "storage/results/results.h"

namespace zerosweep {

struct VersusRow {
  LeaderboardRow method, against;
  // method − against on the seeds that both have; absent if they share none.
  std::optional<PairedResult> result;
  std::optional<double> p_holm;  // Holm's adjustment over all rows
  int comparisons = 1;           // the number of comparisons that it adjusts for
  std::optional<int> seeds_needed;
};

// Compares each method with `method` wherever both have results on the same dataset, model, bits,
// test set and teacher. `method` is a name as on the leaderboard, with none, some or all of its
// settings: "gdfq [iterations=0]". A setting may have the parameter's own name or that with its
// part. Rows are in the order of the leaderboard. Throws kUsage for an unknown sweep, and for a
// method that no row has, naming those that exist.
std::vector<VersusRow> Versus(const ResultsReader& reader, const PaperSettings& papers,
                              const std::string& sweep, const Filter& where,
                              const std::string& method);

// Compares the best row with the second best for each dataset, model, bits, protocol, test set and
// teacher that has two. `board` is the Leaderboard of that sweep. Returns at most `most` rows.
std::vector<VersusRow> Leaders(const ResultsReader& reader, const std::string& sweep,
                               const std::vector<LeaderboardRow>& board, size_t most);

// The conclusion in a sentence or two.
std::string Conclusion(const VersusRow& row);
inline constexpr const char* kVersusNote =
    "Intervals (95 %) are of the mean over other test images of this kind and, from two seeds on, "
    "other seeds; never over other teachers. p: McNemar's exact test for one seed, sign flips over "
    "seeds otherwise; Holm: adjusted for all comparisons of this table.";

Table VersusTable(const std::vector<VersusRow>& rows);
// Shows the settings of both sides under each row.
DisplayTable VersusForPeople(const std::vector<VersusRow>& rows);

}  // namespace zerosweep
