// The Group interface on top of c10d's process groups: NCCL between GPUs and Gloo between CPUs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "engine/parallel/group.h"

namespace zerosweep {

// One rank's place in a group.
struct GroupSeat {
  int rank = 0;
  int size = 1;
  torch::Device device = torch::kCPU;  // the rank's device; decides the back end
  std::string interface = "lo";        // where its data sockets listen (FindNetworkPlace)
  double timeout = 1800;               // seconds, for a reduction and for the rendezvous

  std::chrono::milliseconds Timeout() const {
    return std::chrono::milliseconds(static_cast<int64_t>(timeout * 1000));
  }
};

// COLLECTIVE. Meets the other ranks in `store`, which only this group uses. Tensors on other
// devices than the seat's are copied there and back. (A single process uses SoloGroup instead.)
// Throws Failure::kLostWorker when the others do not arrive, and kCluster for an interface that
// does not exist here. Use from one thread.
std::unique_ptr<Group> MakeGroup(const c10::intrusive_ptr<c10d::Store>& store,
                                 const GroupSeat& seat);

// Reduces on the first GPU in a group of one rank. Throws if that fails.
void TryNccl();

}  // namespace zerosweep
