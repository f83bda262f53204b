// The origin of the accuracies on a leaderboard.
#pragma once

#include <vector>

#include "reports/leaderboard/filter.h"
#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// For the first 300 rows: the configuration and, for its first done trials in the order of seeds
// (12 for a row, 1000 in all), the accuracy, the stages behind it and what each attempt ran on.
// Names and digests are cut to the 12 characters that `explain`, `logs` and `replay` accept.
//   rows: RowKey → {title, sweep, protocol, interval, published, published_source, config,
//         trials: [{trial, seed, score, stages: [stage id]}], more}
//   stages: id → {kind, implementation, revision, stage, artifact, seconds, ended, device, threads,
//                 machine}
//   machines: id → facts of the machine and its libraries
Json ReadProvenance(const ResultsReader& reader, const FilterSql& filter,
                    const std::vector<LeaderboardRow>& rows);

}  // namespace zerosweep
