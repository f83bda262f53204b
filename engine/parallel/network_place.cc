#include "engine/parallel/network_place.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cstdlib>
#include <memory>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

struct Interface {
  std::string name, address;
  uint32_t bits = 0;  // of the address, in host order
};

std::vector<Interface> InterfacesUp() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  std::vector<Interface> found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const bool usable = entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == AF_INET &&
                        (entry->ifa_flags & IFF_UP) != 0;
    if (!usable) continue;
    const in_addr address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
    char text[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, &address, text, sizeof text);
    found.push_back({entry->ifa_name, text, ntohl(address.s_addr)});
  }
  return found;
}

// Whether `wish` names this interface or a subnet that its address is in.
bool Means(const std::string& wish, const Interface& interface) {
  const size_t slash = wish.find('/');
  if (slash == std::string::npos) return wish == interface.name || wish == interface.address;
  in_addr subnet{};
  if (inet_pton(AF_INET, wish.substr(0, slash).c_str(), &subnet) != 1) return false;
  const int length = std::atoi(wish.c_str() + slash + 1);
  if (length < 0 || length > 32) return false;
  const uint32_t mask = length == 0 ? 0 : ~uint32_t{0} << (32 - length);
  return (ntohl(subnet.s_addr) & mask) == (interface.bits & mask);
}

}  // namespace

NetworkPlace FindNetworkPlace(const std::string& wish) {
  if (wish.empty()) return {};
  const std::vector<Interface> interfaces = InterfacesUp();
  std::istringstream words(wish);
  for (std::string word; std::getline(words, word, ',');) {
    for (const Interface& interface : interfaces)
      if (Means(word, interface)) return {interface.name, interface.address};
  }
  std::vector<std::string> names;
  for (const Interface& interface : interfaces)
    names.push_back(interface.name + " " + interface.address);
  Fail(ErrorKind::kCluster,
       "no network interface here is '{}' (there are {}): give another --interface", wish,
       Join(names, ", "));
}

}  // namespace zerosweep
