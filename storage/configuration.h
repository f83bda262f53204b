// A trial's resolved configuration in two parts: what trials of all seeds share (stored once) and
// the seeds.
#pragma once

#include "base/json.h"

namespace zerosweep {

struct SplitConfig {
  Json shared;                  // without any key "seed" or "seeds"
  Json seeds = Json::object();  // JSON pointer → value: {"/seed": 0}
};

SplitConfig SplitSeeds(const Json& config);
// The reverse.
Json JoinSeeds(const SplitConfig& split);

}  // namespace zerosweep
