// Numbers that our tests and the scripts of tests/golden compute in the same way
// (tests/golden/fill.py).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// Single-precision numbers in [low, high) that depend only on `key`, the shape's size and the
// bounds.
torch::Tensor Filled(const std::string& key, const std::vector<int64_t>& shape, double low,
                     double high);
// The same numbers in double precision.
torch::Tensor FilledDouble(const std::string& key, const std::vector<int64_t>& shape, double low,
                           double high);
// The scripts' numbers, in double precision.
torch::Tensor GoldenNumbers(const Json& values);

}  // namespace zerosweep
