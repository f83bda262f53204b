#ifndef ZEROSWEEP_ENGINE_OPTIM_OPTIMISER_H_
#define ZEROSWEEP_ENGINE_OPTIM_OPTIMISER_H_

#include <torch/types.h>

#include <cstddef>
#include <memory>
#include <vector>

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

// PyTorch's ReduceLROnPlateau, mode "min", relative threshold 1e-4, no cooldown.
struct PlateauSettings {
  double factor = 0.1;
  int patience = 10;  // steps
  double min_lr = 0;
};

// torch::optim behind a small face: its headers bring LibTorch's whole serializer with them, so
// that one source includes them for all. Owns its state; the parameters are shared handles.
class Optimiser {
 public:
  Optimiser(std::vector<ParameterGroup> groups, const AdamSettings& settings);
  Optimiser(std::vector<ParameterGroup> groups, const SgdSettings& settings);
  Optimiser(Optimiser&&) noexcept;
  Optimiser& operator=(Optimiser&&) noexcept;
  ~Optimiser();

  void ZeroGrad();  // drops gradients
  void Step();      // one update; a parameter without a gradient stays as it is

  double learning_rate(size_t group = 0) const;
  void SetLearningRate(double lr);  // of every group
  void SetLearningRate(size_t group, double lr);

  // From now on ObserveLoss(loss), once a step, lowers the rate when the loss has stopped falling.
  void ReduceOnPlateau(const PlateauSettings& settings);
  void ObserveLoss(float loss);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// PyTorch's CosineAnnealingLR in closed form: from `base` at step 0 down to `lowest` at step
// `total`; steps outside [0, total] count as the nearer end.
double CosineRate(double base, double step, double total, double lowest = 0);

}  // namespace zerosweep

#endif  // ZEROSWEEP_ENGINE_OPTIM_OPTIMISER_H_
