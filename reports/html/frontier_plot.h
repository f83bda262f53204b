// The frontier of model size and sensitivity, on a logarithmic scale of Ω.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

struct FrontierLine {
  std::string name;            // "seed 0"
  std::vector<double> x, y;    // bytes ascending, Ω in nats
  double size = 0, omega = 0;  // the chosen point
};

struct FrontierPlot {
  std::string title;
  std::vector<FrontierLine> lines;
  double budget = 0;  // bytes; a dashed vertical line
};

// One <svg role="img">; points that are not positive and finite have no place and are left out.
// Empty when nothing is left.
std::string DrawFrontier(const FrontierPlot& plot);

}  // namespace zerosweep
