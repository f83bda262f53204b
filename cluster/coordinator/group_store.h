// The key-value store through which the ranks of one attempt meet. Pure logic: no clock, no
// messages.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_messages.h"

namespace zerosweep {

class GroupStore {
 public:
  struct Reply {
    int rank = 0;
    StoreAnswer answer;
  };
  // Returns the replies that can be given now: to the request itself, unless it waits for missing
  // keys, and to earlier requests that waited for the keys that it sets. A waiting request may be
  // sent again; it gets one reply. Throws kCluster for an invalid request (such as an add to a
  // value that is not a number).
  std::vector<Reply> Handle(int rank, const StoreRequest& request);

 private:
  bool HasAll(const std::vector<std::string>& keys) const;
  void CompareSet(const StoreRequest& request, StoreAnswer& answer);
  int64_t Add(const StoreRequest& request);
  StoreAnswer ValuesOf(const StoreRequest& request) const;

  std::map<std::string, std::string> values_;
  std::map<std::pair<int, int64_t>, StoreRequest> waiting_;  // by rank and the request's number
};

}  // namespace zerosweep
