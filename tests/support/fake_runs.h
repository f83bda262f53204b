// The fake stages' records of their attempts (fake_stage_main.cc).
#pragma once

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "storage/home/home.h"

namespace zerosweep {

class FakeRuns {
 public:
  explicit FakeRuns(const Home& home) {
    std::ifstream log(home.folder / "fake_runs.log");
    for (Entry e; log >> e.stage >> e.attempt >> e.what;) entries_.push_back(e);
  }
  size_t size() const { return entries_.size(); }
  int Count(const std::string& stage, const std::string& what) const {
    return static_cast<int>(std::count_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
      return e.stage == stage && e.what == what;
    }));
  }
  int CountAll(const std::string& what) const {
    return static_cast<int>(std::count_if(entries_.begin(), entries_.end(),
                                          [&](const Entry& e) { return e.what == what; }));
  }

 private:
  struct Entry {
    std::string stage, attempt, what;
  };
  std::vector<Entry> entries_;
};

}  // namespace zerosweep
