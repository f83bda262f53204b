// The GPUs that this process sees, and whether they are usable.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// "NVIDIA H200", or "unknown" if CUDA does not report a name. Never throws.
std::string GpuName(int index);

// Returns "" when tensors can be computed on this GPU, otherwise CUDA's own message. Never throws.
std::string GpuProblem(int index);

// Returns {"problem": why CUDA shows none, or "", "gpus": [{"name", "problem"}]}, in CUDA's order.
// Never throws.
Json DescribeGpus();

}  // namespace zerosweep
