// A trial's resolved configuration in two parts: what determines its result and is shared by the
// trials of all seeds (stored once), and what is the trial's own.
#pragma once

#include "base/json.h"
#include "storage/results/rows.h"

namespace zerosweep {

struct SplitConfig {
  Json shared;
  // JSON pointer → value ({"/seed": 0}): every key "seed" or "seeds", and of the top level
  // "threads" and "profile", which say how a result is computed, not which one.
  Json own = Json::object();
};

SplitConfig SplitConfiguration(const Json& config);
// Names what trials of different seeds share. `shared` is the first part of what they resolve to.
std::string ConfigurationDigest(const Json& shared, const Configuration& configuration);

// The reverse.
Json JoinConfiguration(const SplitConfig& split);

}  // namespace zerosweep
