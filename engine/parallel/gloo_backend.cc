#include "engine/parallel/gloo_backend.h"

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "engine/parallel/network_place.h"

namespace zerosweep {

c10::intrusive_ptr<c10d::Backend> MakeGlooBackend(const c10::intrusive_ptr<c10d::Store>& store,
                                                  const GroupSeat& seat) {
  using Gloo = c10d::ProcessGroupGloo;
  const std::string address = FindNetworkPlace(seat.interface).address;
  auto options = Gloo::Options::create(seat.Timeout());
  options->devices.push_back(address.empty() ? Gloo::createDefaultDevice()
                                             : Gloo::createDeviceForHostname(address));
  options->threads = 1;  // one collective at a time
  return c10::make_intrusive<Gloo>(store, seat.rank, seat.size, options);
}

}  // namespace zerosweep
