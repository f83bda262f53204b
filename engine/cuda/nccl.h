// c10d's back end for GPUs. Its headers are large and define macros, so one source file includes
// them.
#pragma once

#include <chrono>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace zerosweep {

// The ranks connect at their first reduction, where NCCL waits indefinitely for a missing rank.
// Later a wait lasts until the result arrives, and throws on an error or timeout. `interface` names
// a network interface; empty: NCCL chooses. REQUIRES: the rank's device is a GPU.
c10::intrusive_ptr<c10d::Backend> MakeNcclBackend(const c10::intrusive_ptr<c10d::Store>& store,
                                                  int rank, int size,
                                                  std::chrono::milliseconds timeout,
                                                  const std::string& interface);

// "2.28.9": the version of the linked NCCL; "none" in a build without CUDA.
std::string NcclVersion();

}  // namespace zerosweep
