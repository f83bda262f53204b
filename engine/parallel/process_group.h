// Several processes as one: the reductions of c10d's process groups, NCCL between GPUs and Gloo
// between CPUs, behind the face of a Group.
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
  torch::Device device = torch::kCPU;  // the rank's own; decides the back end
  std::string interface = "lo";        // where its data sockets listen (FindNetworkPlace)
  double timeout = 1800;               // seconds, of a reduction and of the rendezvous

  std::chrono::milliseconds Timeout() const {
    return std::chrono::milliseconds(static_cast<int64_t>(timeout * 1000));
  }
};

// COLLECTIVE. Meets the others in `store`, which only this group uses. Tensors may lie elsewhere
// than on the seat's device: they are taken there and back. (One process alone needs none of it:
// SoloGroup.) Throws Failure::kLostWorker when the others do not come, kCluster for an interface
// that is not here. Use from one thread.
std::unique_ptr<Group> MakeGroup(const c10::intrusive_ptr<c10d::Store>& store,
                                 const GroupSeat& seat);

// "2.28.9": of the NCCL that is linked.
std::string NcclVersion();
// A group of one rank reduces on the first GPU. Throws what goes wrong.
void TryNccl();

}  // namespace zerosweep
