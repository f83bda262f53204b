// Where the accuracies of a leaderboard come from.
#pragma once

#include <vector>

#include "reports/leaderboard/filter.h"
#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// Of the first 300 rows: the configuration, and of its first done trials in the order of their
// seeds (12 of a row, 1000 of all) the accuracy and the stages behind it, with what each attempt
// ran on. Names and digests are cut to the 12 characters that `explain`, `logs` and `replay` take.
//   rows: RowKey → {title, sweep, protocol, interval, published, published_source, config,
//         trials: [{trial, seed, top1, stages: [stage id]}], more}
//   stages: id → {kind, implementation, revision, stage, artifact, seconds, ended, device, threads,
//                 machine}
//   machines: id → facts of the machine and its libraries
Json ReadProvenance(const ResultsReader& reader, const FilterSql& filter,
                    const std::vector<LeaderboardRow>& rows);

}  // namespace zerosweep
