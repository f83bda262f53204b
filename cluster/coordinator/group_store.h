// The keys and values by which the ranks of one attempt meet. Pure logic: no clock, no messages.
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
  // What can be answered now: the request itself, unless it waits for keys that are not there, and
  // those that have waited for what it brings. One that waits may be asked again: it is answered
  // once. Throws kCluster for a request that makes no sense (add to what is no number).
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
