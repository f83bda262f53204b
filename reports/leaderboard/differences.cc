#include "reports/leaderboard/differences.h"

#include <algorithm>
#include <set>

namespace zerosweep {

std::vector<std::string> DifferingPaths(const std::vector<Json>& flat) {
  std::set<std::string> paths;
  for (const Json& all : flat)
    for (const auto& [path, value] : all.items()) paths.insert(path);
  std::vector<std::string> differing;
  for (const std::string& path : paths) {
    const auto first = flat.front().find(path);
    const auto as_first = [&](const Json& other) {
      const auto here = other.find(path);
      if (first == flat.front().end() || here == other.end())
        return first == flat.front().end() && here == other.end();
      return *here == *first;
    };
    if (!std::all_of(flat.begin(), flat.end(), as_first)) differing.push_back(path);
  }
  return differing;
}

}  // namespace zerosweep
