// A group of ranks as threads of the test, to compare a computation on one rank and on several.
#pragma once

#include <ATen/Parallel.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <vector>

#include "base/error.h"
#include "engine/parallel/process_group.h"

namespace zerosweep {

// c10d's flight recorder has one map per process, and groups write to it without its lock (libtorch
// 2, FlightRecorderDetail.hpp). Turn it off before making the first group of several threads.
inline void StopFlightRecorder() { setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/1); }

// Runs `body(group)` on `ranks` ranks at once, each a thread with one intra-op thread, over Gloo on
// loopback. Rethrows the exception of a rank, preferring the cause to the consequences in other
// ranks ("lost_worker"). A rank that throws leaves the group.
inline void RunRanks(int ranks, const std::function<void(Group&)>& body, double timeout = 60) {
  StopFlightRecorder();
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::exception_ptr> errors(static_cast<size_t>(ranks));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      at::set_num_threads(1);
      try {
        const auto group = MakeGroup(store, {rank, ranks, torch::kCPU, "lo", timeout});
        body(*group);
      } catch (...) {
        errors[static_cast<size_t>(rank)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::exception_ptr secondary;
  for (const std::exception_ptr& error : errors) {
    if (!error) continue;
    try {
      std::rethrow_exception(error);
    } catch (const Error& known) {
      if (known.failure() != Failure::kLostWorker) throw;
      secondary = error;
    }
  }
  if (secondary) std::rethrow_exception(secondary);
}

}  // namespace zerosweep
