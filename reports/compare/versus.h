// Methods of a sweep against one of them: what may be concluded from the seeds and images they
// have in common.
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
  // method − against on the seeds that both have; none where they share no seed.
  std::optional<PairedResult> result;
  std::optional<double> p_holm;  // Holm's adjustment over all rows
  int comparisons = 1;           // that it adjusts for
  std::optional<int> seeds_needed;
};

// Each method against `method` (a name as the leaderboard has it, with none, some or all of its
// settings: "gdfq [iterations=0]", a parameter by its own name or with its part's) in every
// dataset, model, bits, test set and teacher where it stands. Order: as the leaderboard. Throws
// kUsage for an unknown sweep or a method that no row has, naming those that stand there.
std::vector<VersusRow> Versus(const ResultsReader& reader, const PaperSettings& papers,
                              const std::string& sweep, const Filter& where,
                              const std::string& method);

// The best of each dataset, model, bits, protocol, test set and teacher against the next of them,
// where there are two; `board` is the Leaderboard of that sweep. At most `most` rows.
std::vector<VersusRow> Leaders(const ResultsReader& reader, const std::string& sweep,
                               const std::vector<LeaderboardRow>& board, size_t most);

// What may be concluded, in a sentence or two.
std::string Conclusion(const VersusRow& row);
inline constexpr const char* kVersusNote =
    "Intervals (95 %) are of the mean over other test images of this kind and, from two seeds on, "
    "other seeds; never over other teachers. p: McNemar's exact test for one seed, sign flips over "
    "seeds otherwise; Holm: adjusted for all comparisons of this table.";

Table VersusTable(const std::vector<VersusRow>& rows);
// Under each row the settings of both sides.
DisplayTable VersusForPeople(const std::vector<VersusRow>& rows);

}  // namespace zerosweep
