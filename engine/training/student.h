// A quantized network in training: full-precision parameters that pass through fake quantizers,
// with straight-through gradients (quantization-aware training).
//
// As in GDFQ's released code (Xu et al., ECCV 2020), which FDDA, ClusterQ and Qimera share:
// - weights on the current minimum and maximum of each output channel;
// - activations on a moving average of their extremes, frozen after calibration;
// - the identity as the gradient of every quantizer, also for clipped values;
// - batch norms that keep their running statistics, with affine parameters that are trained.
//
// Alternatively the ranges are learned as well (learned_ranges.h).
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "engine/catalogue/params.h"
#include "engine/loop/checkpoint.h"
#include "engine/parallel/group.h"
#include "engine/quant/quantized_network.h"

namespace zerosweep {

// Sources of a student's ranges.
struct StudentRanges {
  enum class Weights {
    kMinMax,  // per output channel, at every forward
    kLsq,     // one learned step per layer
    kDoReFa   // tanh of the weights, on a grid over its largest magnitude in the layer
  };
  enum class Activations {
    kMinMax,  // moving average, then frozen
    kLsq,     // a learned step, initialised by the first calibration
    kPact,    // a learned upper end, initially 6; for tensors without negative values
    kDoReFa   // 0 to 1; for tensors without negative values
  };
  Weights weights = Weights::kMinMax;
  Activations activations = Activations::kMinMax;
  // How moving averages r ← 0.9 r + 0.1 x, which begin at 0, are corrected for that start.
  enum class Averages {
    kClean,    // read as r / (1 − 0.9^t)
    kFedBack,  // r ← r / (1 − 0.9^t) each time: GDFQ's released code, far off until some 200
               // calibrations have passed
    kBiased    // not at all: FDDA's
  };
  Averages averages = Averages::kClean;

  // Declares `averages`, with the default `clean` or that of a variant.
  static Params<StudentRanges> AveragesParam(const std::map<std::string, Json>& variants = {});
};

class Student {
 public:
  // Begins as the teacher, without ranges. `teacher` must outlive this object.
  Student(const Teacher& teacher, const QuantizationSetting& setting,
          const StudentRanges& ranges = {});

  // The leaves that are trained: weights, biases, affine parameters of batch norms.
  std::vector<torch::Tensor> Parameters() const;
  // The leaves of learned ranges: steps and upper ends.
  std::vector<torch::Tensor> RangeParameters() const;

  // Runs one forward that updates the activation ranges: r ← 0.9 r + 0.1 x, where x is a batch's
  // minimum or maximum over all ranks, read as r / (1 − 0.9^t). The input of each site is already
  // quantized by the sites before it. No gradient. One collective per site. The first call
  // initialises learned ranges, with up to two collectives per site. Throws kTrial for a tensor
  // with negative values under PACT.
  void Calibrate(Group& group, const torch::Tensor& x);

  // Returns the logits of x, equal to those of Quantized() bit for bit. Differentiable in the
  // parameters. x is `share` of the images of the step (learned_ranges.h). Throws kTrial before the
  // first Calibrate if activations are quantized, and for weights that are not finite.
  torch::Tensor Forward(const torch::Tensor& x, double share = 1) const;

  // Returns the network with codes instead of weights, and the trained parameters.
  QuantizedNetwork Quantized() const;

  // Parameters and ranges under keys that begin with `prefix`.
  void Save(const std::string& prefix, CheckpointState& state) const;
  void Restore(const std::string& prefix, const CheckpointState& state);

 private:
  struct Range {
    torch::Tensor lo, hi;    // averages of a site's extremes, not yet divided
    torch::Tensor learned;   // the step or upper end; fixed under DoReFa
    bool is_signed = false;  // for a learned step
  };
  using Observe = QuantizedNetwork::Observe;
  torch::Tensor Run(const torch::Tensor& x, double share, const Observe& observe) const;
  void BeginLearnedRange(Group& group, size_t site, const torch::Tensor& tensor);
  void Widen(Group& group, size_t site, const torch::Tensor& tensor);
  void RequireCalibrated() const;
  double SeenShare() const;  // sum of a moving average's weights: 1 − 0.9^t
  UniformGrid GridOf(size_t site) const;
  bool IsDoReFa(int index) const;
  torch::Tensor Coded(int index, const torch::Tensor& weight) const;  // as its codes decode
  UniformGrid WeightGridOf(int index, const torch::Tensor& weight) const;
  torch::Tensor Activation(size_t site, const torch::Tensor& tensor, double share) const;
  torch::Tensor Weight(int index, const torch::Tensor& weight) const;

  const Teacher& teacher_;
  QuantizationSetting setting_;
  StudentRanges kinds_;
  Graph graph_;
  std::map<int, int> weight_bits_;             // by weighted node
  std::map<int, torch::Tensor> weight_steps_;  // learned, by weighted node
  std::vector<ActivationSite> sites_;
  std::vector<Range> ranges_;  // by site
  int64_t calibrations_ = 0;
};

}  // namespace zerosweep
