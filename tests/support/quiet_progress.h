// Progress that nobody watches.
#pragma once

#include "engine/progress.h"

namespace zerosweep {

class QuietProgress final : public Progress {
 public:
  void Report(double, double, const char*, const std::string&) override {}
};

}  // namespace zerosweep
