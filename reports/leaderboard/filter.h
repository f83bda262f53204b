// `--where k=v,…`: selects trials for a command.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

// Keys and values; a trial must match all. Keys: trial (also a prefix of at least 6 characters),
// dataset, model, method, synthesizer, quantizer, bits (w4a4, wmp4a8), w_bits, a_bits, seed,
// protocol, variant, state, form (paper or exported).
using Filter = std::map<std::string, std::string>;

// Parses "method=zeroq,bits=w4a4". Throws kUsage for an unknown key (with the nearest known one).
Filter ParseFilter(const std::string& text);

// SQL: the form that a configuration's networks are evaluated in (docs/protocol.md).
inline constexpr const char* kFormSql = "coalesce(config ->> '$.evaluate.form', 'paper')";

// SQL over `trial t` with its bindings: "1 AND t.seed = ?", or "1" if all trials match. An empty
// `sweep` means every sweep. Throws kUsage for an impossible value.
struct FilterSql {
  std::string condition;
  std::vector<Json> bindings;
};
FilterSql ToSql(const std::string& sweep, const Filter& filter);

// Throws kUsage, naming the known sweeps, if the home has no sweep of this name. An empty name is
// accepted.
void RequireSweep(const ResultsReader& reader, const std::string& sweep);

}  // namespace zerosweep
