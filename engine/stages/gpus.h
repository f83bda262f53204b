// The GPUs that this process sees, and whether they can really be used.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// "NVIDIA H200"; "unknown" where CUDA does not say. Never throws.
std::string GpuName(int index);

// "" when tensors can be computed on the GPU of this number, else CUDA's own message. Never throws.
std::string GpuProblem(int index);

// {"problem": why CUDA shows none, or "", "gpus": [{"name", "problem"}]}, in CUDA's order. Never
// throws.
Json DescribeGpus();

}  // namespace zerosweep
