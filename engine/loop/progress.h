// Progress reports of a long computation.
#pragma once

#include <string>

namespace zerosweep {

class Progress {
 public:
  virtual ~Progress() = default;
  // `done` of `total` `unit`s ("iterations", "images"); `note` is free text ("loss 0.0123"). Cheap:
  // call it every step.
  virtual void Report(double done, double total, const char* unit,
                      const std::string& note = "") = 0;
};

}  // namespace zerosweep
