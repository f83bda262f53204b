// Accuracy against a cost, with the front of what no other point beats in both.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

struct ScatterPoint {
  size_t series = 0;            // gives colour and shape
  std::string label;            // told on hover
  double x = 0, y = 0;          // cost > 0; accuracy
  std::optional<double> error;  // half the length of the bar
  size_t group = 0;  // points of other groups are not comparable: each group has its own front
};

struct ScatterPlot {
  std::string title, x_label, y_label;
  std::vector<ScatterPoint> points;
  std::string (*tick)(double) = nullptr;  // how a cost is written
};

// For each point whether no point of its group has a lower cost with as high an accuracy, nor a
// higher accuracy at as low a cost.
std::vector<bool> ParetoFront(const std::vector<ScatterPoint>& points);

// One <svg role="img">; a logarithmic scale where the costs spread by 8 or more. Empty when fewer
// than two costs are told apart.
std::string DrawScatter(const ScatterPlot& plot);

}  // namespace zerosweep
