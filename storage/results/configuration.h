// Splits a trial's resolved configuration in two: the part that determines its result, which the
// trials of all seeds share (stored once), and the trial's own part.
#pragma once

#include "base/json.h"
#include "storage/results/rows.h"

namespace zerosweep {

struct SplitConfig {
  Json shared;
  // JSON pointer → value ({"/seed": 0}): every "seed" or "seeds" key, and the top-level "threads"
  // and "profile", which determine how a result is computed, not which result.
  Json own = Json::object();
};

SplitConfig SplitConfiguration(const Json& config);
// The digest of what trials of different seeds share. `shared`: SplitConfig::shared of their
// resolved configuration.
std::string ConfigurationDigest(const Json& shared, const Configuration& configuration);

// Reverses SplitConfiguration.
Json JoinConfiguration(const SplitConfig& split);

}  // namespace zerosweep
