// Plots accuracy against a cost, with the Pareto front.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

struct ScatterPoint {
  size_t series = 0;            // determines colour and shape
  std::string label;            // shown on hover
  double x = 0, y = 0;          // cost > 0; accuracy
  std::optional<double> error;  // half the length of the bar
  size_t group = 0;  // points of different groups are not comparable: each group has its own front
};

struct ScatterPlot {
  std::string title, x_label, y_label;
  std::vector<ScatterPoint> points;
  std::string (*tick)(double) = nullptr;  // formats a cost
};

// For each point, whether it is on its group's front: no other point has a lower cost with as high
// an accuracy, or a higher accuracy at as low a cost.
std::vector<bool> ParetoFront(const std::vector<ScatterPoint>& points);

// Returns one <svg role="img">, with a logarithmic scale if the highest cost is at least 8 times
// the lowest. Empty if there are fewer than two different costs.
std::string DrawScatter(const ScatterPlot& plot);

}  // namespace zerosweep
