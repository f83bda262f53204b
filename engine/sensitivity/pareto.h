// The Pareto frontier of model size and sensitivity over the bits of all layers, by dynamic
// programming (ZeroQ, Cai et al., CVPR 2020, section 3.2 and appendix A; its code was never
// released).
//
//   Ω(k_1 … k_L) = Σ_i Ω_i(k_i)
//   size(k_1 … k_L) = Σ_i P_i·k_i
//
// Layers are added one at a time. Every point of the frontier so far has one child for each choice
// of the next layer. A child is kept when its Ω is lower than that of every smaller child.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace zerosweep {

// The cost of a layer at one bit-width.
struct LayerOption {
  int64_t size = 0;  // bits of its weights
  double omega = 0;
};

struct FrontierPoint {
  int64_t size = 0;
  double omega = 0;
  bool operator==(const FrontierPoint&) const = default;
};

class ParetoFrontier {
 public:
  // layers: the options of each layer, by ascending size, none empty. bucket: 0 or 1: exact. For a
  // larger bucket, only the point of lowest Ω is kept among those whose sizes lie in the same
  // [n·bucket, (n+1)·bucket); the smallest point of all is always kept. The sizes of points remain
  // exact. Under any budget S, the last point is at least as good as the exact optimum under S −
  // L·bucket.
  // Throws kUsage when the frontier outgrows memory.
  ParetoFrontier(const std::vector<std::vector<LayerOption>>& layers, int64_t bucket);

  // Ascending size, strictly descending Ω; never empty.
  const std::vector<FrontierPoint>& points() const { return points_; }
  // Returns the last point of at most that size, or nothing if all are larger.
  std::optional<size_t> LastWithin(int64_t size) const;
  // Returns for each layer the option that leads to the point.
  std::vector<size_t> OptionsOf(size_t point) const;

 private:
  struct Step {
    uint32_t parent = 0;  // in the frontier of the preceding layers
    uint32_t option = 0;
  };
  void AddLayer(const std::vector<LayerOption>& options, int64_t bucket);

  std::vector<FrontierPoint> points_;
  std::vector<std::vector<Step>> steps_;  // by layer, one for each point of its frontier
};

}  // namespace zerosweep
