// Plots the frontier of model size and sensitivity, with Ω on a logarithmic scale.
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
  double budget = 0;  // bytes; drawn as a dashed vertical line
};

// Returns one <svg role="img">. Points that are not positive and finite are left out. Empty if
// nothing is left.
std::string DrawFrontier(const FrontierPlot& plot);

}  // namespace zerosweep
