// Where the data sockets of a rank listen.
#pragma once

#include <string>

namespace zerosweep {

struct NetworkPlace {
  std::string interface;  // "lo", "ib0"
  std::string address;    // IPv4, of that interface
};

// `wish`: names of interfaces or IPv4 subnets, separated by commas ("ib0", "10.1.0.0/16", as Open
// MPI takes them); the first that this machine has and that is up. Empty: both stay empty, and the
// machine's own name decides. Throws kCluster when there is none.
NetworkPlace FindNetworkPlace(const std::string& wish);

}  // namespace zerosweep
