// What registers itself, by name.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {

template <typename Entry>
class NameTable {
 public:
  // `what` the entries are: "architecture".
  explicit NameTable(std::string what) : what_(std::move(what)) {}

  // The first entry of a name stays; the catalogue refuses a second one (DescribeAll).
  void Add(const std::string& name, Entry entry) { entries_.emplace(name, std::move(entry)); }

  // Throws kUsage with the nearest known name.
  const Entry& Get(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found != entries_.end()) return found->second;
    Fail(ErrorKind::kUsage, "unknown {} '{}'{}", what_, name, Suggestion(name, Names()));
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries_) names.push_back(name);
    return names;
  }

 private:
  std::string what_;
  std::map<std::string, Entry> entries_;
};

}  // namespace zerosweep
