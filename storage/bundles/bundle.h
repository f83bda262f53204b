// A bundle holds a sweep and everything that it produced in one SQLite file. Another home checks
// the file and merges it: results from several clusters become one leaderboard (docs/formats.md,
// "Bundles").
//
// A bundle may come from a stranger. It is opened read-only with SQLite's defences on. It must have
// the documented tables and nothing more (no views, triggers or indices) and pass SQLite's
// integrity check. Every name in it is recomputed from what it names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "storage/results/results.h"

namespace zerosweep {

// Called while the bytes of artifacts are copied.
using BundleProgress = std::function<void(int64_t done, int64_t total)>;

// Writes the sweep's rows and artifacts to `file`, completely or not at all, replacing an existing
// file. Paths of this machine stay out of it. Throws kUsage for an unknown sweep, and kStorage for
// a missing or damaged artifact or a file that cannot be written.
void ExportBundle(const Home& home, const std::string& sweep, const std::filesystem::path& file,
                  const BundleProgress& progress = {}, const ResultsOptions& options = {});

// Merges a bundle into the home. Existing results stay as they are, a stage that the home has not
// done takes the bundle's result, and attempts add up. Artifacts are published first; then all rows
// are inserted in one transaction. An interrupted import leaves artifact folders for the next
// import, or `gc`, to deal with. Throws kUsage for a file that is not a valid bundle; the database
// is then unchanged.
BundleCounts ImportBundle(const Home& home, ResultsWriter& writer,
                          const std::filesystem::path& file);

}  // namespace zerosweep
