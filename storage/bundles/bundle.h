// Bundles: a sweep with all that it made as one SQLite file, which another home checks and merges.
// Results gathered on several clusters become one leaderboard (docs/formats.md, "Bundles").
//
// A bundle comes from strangers: it is opened read-only with SQLite's defences up, must have the
// documented tables and nothing else (no views, triggers or indices), pass SQLite's integrity
// check, and every name in it is computed again from what it names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "storage/results/results.h"

namespace zerosweep {

// Called as bytes of artifacts go by.
using BundleProgress = std::function<void(int64_t done, int64_t total)>;

// Writes the sweep's rows and artifacts to `file`, whole or not at all, replacing it. Paths of this
// machine stay out of it. Throws kUsage for an unknown sweep, kStorage for an artifact that is
// missing or damaged and a file that cannot be written.
void ExportBundle(const Home& home, const std::string& sweep, const std::filesystem::path& file,
                  const BundleProgress& progress = {}, const ResultsOptions& options = {});

// Merges: what the home has stays as it is, a stage that it has not done takes the bundle's result,
// attempts add up. Artifacts are published first, then all rows are one transaction: an import that
// is cut short leaves folders that the next one, or `gc`, deals with. Throws kUsage for a file that
// is no bundle or not as it should be; the home is then unchanged.
BundleCounts ImportBundle(const Home& home, ResultsWriter& writer,
                          const std::filesystem::path& file);

}  // namespace zerosweep
