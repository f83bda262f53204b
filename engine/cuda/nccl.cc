#include "engine/cuda/nccl.h"

#include <cstdlib>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

namespace zerosweep {
namespace {

// c10d and NCCL read these only from the environment, when the group is made. An interface that the
// user has set takes precedence.
void Configure(const std::string& interface) {
  if (!interface.empty()) setenv("NCCL_SOCKET_IFNAME", ("=" + interface).c_str(), 0);
  // A wait blocks, and throws on a device error or a timeout; c10d's watchdogs would end the
  // process instead.
  setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 1);
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 1);
  setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 1);
  setenv("TORCH_NCCL_DUMP_ON_TIMEOUT", "0", 1);
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> MakeNcclBackend(const c10::intrusive_ptr<c10d::Store>& store,
                                                  int rank, int size,
                                                  std::chrono::milliseconds timeout,
                                                  const std::string& interface) {
  using Nccl = c10d::ProcessGroupNCCL;
  Configure(interface);
  auto options = Nccl::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<Nccl>(store, rank, size, options);
}

std::string NcclVersion() { return c10d::getNcclVersion(); }

}  // namespace zerosweep
