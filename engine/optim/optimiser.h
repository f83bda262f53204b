// PyTorch's optimisers and schedules, with a state that can be saved.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "engine/loop/checkpoint.h"

namespace zerosweep {

// Tensors that share a learning rate.
struct ParameterGroup {
  std::vector<torch::Tensor> parameters;  // leaves that require a gradient
  double lr = 0;
  double weight_decay = 0;  // L2, added to the gradient
};

struct AdamSettings {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

struct SgdSettings {
  double momentum = 0;
  bool nesterov = false;
};

// Each update is one call of PyTorch's fused kernels for all tensors of a group.
class Optimiser {
 public:
  using Settings = std::variant<AdamSettings, SgdSettings>;
  // The parameters are dense in memory.
  Optimiser(std::vector<ParameterGroup> groups, const Settings& settings);

  void ZeroGrad();  // drops gradients
  void Step();      // one update; parameters without a gradient stay unchanged

  double learning_rate(size_t group = 0) const { return groups_.at(group).lr; }
  void SetLearningRate(double lr);  // of every group
  void SetLearningRate(size_t group, double lr) { groups_.at(group).lr = lr; }

  // Saves parameters, moments and rates under keys that begin with `prefix`. Restore writes into
  // the parameters that the optimiser was made with; it throws kStorage when `state` does not match
  // them.
  void Save(const std::string& prefix, CheckpointState& state) const;
  void Restore(const std::string& prefix, const CheckpointState& state);

 private:
  // What an update has left of a parameter; undefined before the first one.
  struct Moments {
    torch::Tensor step;                 // Adam: number of updates, float32
    torch::Tensor exp_avg, exp_avg_sq;  // Adam
    torch::Tensor momentum;             // SGD
  };
  void StepGroup(const ParameterGroup& group, std::vector<Moments>& moments) const;

  Settings settings_;
  std::vector<ParameterGroup> groups_;
  std::vector<std::vector<Moments>> moments_;  // by group and parameter
};

// PyTorch's ReduceLROnPlateau, mode "min", relative threshold, no cooldown: when the loss has not
// fallen below best · (1 − threshold) for more than `patience` steps, the rate is multiplied by
// `factor`.
class PlateauSchedule {
 public:
  struct Settings {
    double factor = 0.1;
    int64_t patience = 10;  // steps
    double min_lr = 0;
    double threshold = 1e-4;
  };
  explicit PlateauSchedule(const Settings& settings) : settings_(settings) {}

  // Returns the rate to use after a step that had `loss` at the rate `lr`.
  double Next(double loss, double lr);

  Json State() const;
  void Restore(const Json& state);

 private:
  Settings settings_;
  double best_ = 0;
  int64_t bad_steps_ = 0;
  bool started_ = false;
};

// PyTorch's CosineAnnealingLR in closed form: from `base` at step 0 down to `lowest` at step
// `total`. Steps outside [0, total] are clamped.
double CosineRate(double base, double step, double total, double lowest = 0);

// The factor of a learning rate at each step.
struct RateSchedule {
  enum class Shape {
    kConstant,
    kStep,   // × 0.1 at each of `falls`
    kCosine  // to 0
  };

  Shape shape = Shape::kConstant;
  int64_t total = 0;   // steps
  int64_t ramp = 0;    // steps of linear growth at the beginning, part of the total
  int64_t period = 0;  // steps in which the cosine falls to 0, before it rises as slowly; 0: all
  std::vector<double> falls = {0.25, 0.5, 0.75};  // shares of the steps after the ramp
  int64_t start = 0;                              // steps of the total that precede step 0

  double Factor(int64_t step) const;
  double Sum(int64_t steps) const;  // sum of the factors of steps 0 … steps − 1
};

}  // namespace zerosweep
