#include "engine/sensitivity/pareto.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxSteps = 100'000'000;  // 800 MB

// The children of one option: the frontier so far, shifted by the option's size and Ω. Merging the
// options in order yields all children by ascending size without a sort.
struct Children {
  size_t option = 0;
  size_t next = 0;  // parent
};

}  // namespace

ParetoFrontier::ParetoFrontier(const std::vector<std::vector<LayerOption>>& layers, int64_t bucket)
    : points_{{0, 0.0}} {
  size_t steps = 0;
  for (const std::vector<LayerOption>& options : layers) {
    AddLayer(options, bucket);
    steps += points_.size();
    if (steps > kMaxSteps) {
      Fail(ErrorKind::kUsage,
           "the frontier of {} layers has more than {} nodes with a bucket of {} bits: give bits a "
           "larger bucket",
           layers.size(), kMaxSteps, bucket);
    }
  }
}

void ParetoFrontier::AddLayer(const std::vector<LayerOption>& options, int64_t bucket) {
  const auto child = [&](const Children& of) {
    const LayerOption& option = options[of.option];
    const FrontierPoint& parent = points_[of.next];
    return FrontierPoint{parent.size + option.size, parent.omega + option.omega};
  };
  std::vector<Children> heads;
  for (size_t i = 0; i < options.size(); ++i) heads.push_back({i, 0});
  std::vector<FrontierPoint> kept;
  std::vector<Step> steps;
  while (!heads.empty()) {
    const auto least =
        std::min_element(heads.begin(), heads.end(), [&](const auto& a, const auto& b) {
          const FrontierPoint x = child(a), y = child(b);
          return std::tie(x.size, x.omega, a.option) < std::tie(y.size, y.omega, b.option);
        });
    const FrontierPoint point = child(*least);
    const Step step{static_cast<uint32_t>(least->next), static_cast<uint32_t>(least->option)};
    if (++least->next == points_.size()) heads.erase(least);
    if (!kept.empty() && !(point.omega < kept.back().omega)) continue;
    // Keeps the smallest point of all: a budget that only this point meets would otherwise have
    // none.
    if (bucket > 1 && kept.size() > 1 && point.size / bucket == kept.back().size / bucket) {
      kept.pop_back();
      steps.pop_back();
    }
    kept.push_back(point);
    steps.push_back(step);
  }
  points_ = std::move(kept);
  steps_.push_back(std::move(steps));
}

std::optional<size_t> ParetoFrontier::LastWithin(int64_t size) const {
  const auto beyond = std::upper_bound(
      points_.begin(), points_.end(), size,
      [](int64_t limit, const FrontierPoint& point) { return limit < point.size; });
  if (beyond == points_.begin()) return std::nullopt;
  return static_cast<size_t>(beyond - points_.begin()) - 1;
}

std::vector<size_t> ParetoFrontier::OptionsOf(size_t point) const {
  std::vector<size_t> options(steps_.size());
  for (size_t layer = steps_.size(); layer-- > 0;) {
    const Step& step = steps_[layer][point];
    options[layer] = step.option;
    point = step.parent;
  }
  return options;
}

}  // namespace zerosweep
