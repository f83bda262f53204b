// What this machine has to give.
#pragma once

#include <string>

namespace zerosweep {

// Cores this process may use (its affinity mask).
int UsableCores();
// GPUs it may see: device files, limited by CUDA_VISIBLE_DEVICES. Whether they work, only the stage
// program can tell.
int VisibleGpus();
// Bytes of memory it may use: the machine's, or its control group's limit.
double UsableMemory();
std::string NodeName();

}  // namespace zerosweep
