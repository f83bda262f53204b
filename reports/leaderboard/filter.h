// `--where k=v,…`: which trials a command means.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

// Keys and values; a trial must match all. Keys: trial (also a prefix of at least 6 characters),
// dataset, model, method, synthesizer, quantizer, bits (w4a4, wmp4a8), w_bits, a_bits, seed,
// protocol, variant, state.
using Filter = std::map<std::string, std::string>;

// Parses "method=zeroq,bits=w4a4". Throws kUsage for an unknown key (with the nearest known one).
Filter ParseFilter(const std::string& text);

// SQL over `trial t` with its bindings: "1 AND t.seed = ?"; "1" when all match. An empty `sweep`
// means every sweep. Throws kUsage for a value that cannot be.
struct FilterSql {
  std::string condition;
  std::vector<Json> bindings;
};
FilterSql ToSql(const std::string& sweep, const Filter& filter);

// Throws kUsage, naming the known sweeps, when the home holds none of this name. An empty name is
// fine.
void RequireSweep(const ResultsReader& reader, const std::string& sweep);

}  // namespace zerosweep
