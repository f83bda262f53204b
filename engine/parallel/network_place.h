// The network interface on which the data sockets of a rank listen.
#pragma once

#include <string>

namespace zerosweep {

struct NetworkPlace {
  std::string interface;  // "lo", "ib0"
  std::string address;    // the interface's IPv4 address
};

// `wish`: names of interfaces or IPv4 subnets, separated by commas ("ib0", "10.1.0.0/16", in the
// form of Open MPI). The first one that this machine has and that is up is taken. If `wish` is
// empty, both members stay empty, and the host name decides. Throws kCluster when none is found.
NetworkPlace FindNetworkPlace(const std::string& wish);

}  // namespace zerosweep
