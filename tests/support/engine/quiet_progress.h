// Progress reports that are only counted.
#pragma once

#include <map>
#include <string>

#include "engine/loop/progress.h"

namespace zerosweep {

class QuietProgress final : public Progress {
 public:
  void Report(double, double, const char* unit, const std::string&) override { ++reports[unit]; }

  std::map<std::string, int> reports;  // by unit
};

}  // namespace zerosweep
