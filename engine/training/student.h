// A quantized network that is trained: full-precision parameters behind fake quantizers, with
// gradients that pass straight through them (quantization-aware training).
//
// As in GDFQ's released code (Xu et al., ECCV 2020), which FDDA, ClusterQ and Qimera share: weights
// on the live minimum and maximum of each output channel, activations on a moving average of their
// extremes, frozen after calibration; the gradient of every quantizer is the identity, also for
// clipped values; batch norms keep their running statistics, their affine parameters are trained.
// Or with ranges that are learned beside them (learned_ranges.h).
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

// Where the ranges of a student come from.
struct StudentRanges {
  enum class Weights {
    kMinMax,  // per output channel, of every forward
    kLsq,     // one learned step a layer
    kDoReFa   // tanh of the weights, on a grid over its largest magnitude in the layer
  };
  enum class Activations {
    kMinMax,  // moving average, then frozen
    kLsq,     // a learned step, begun on the first calibration
    kPact,    // a learned upper end, begun at 6; for tensors without negative values
    kDoReFa   // 0 to 1; for tensors without negative values
  };
  Weights weights = Weights::kMinMax;
  Activations activations = Activations::kMinMax;
  // How moving averages r ← 0.9 r + 0.1 x, which begin at 0, lose the bias of their beginning.
  enum class Averages {
    kClean,    // read as r / (1 − 0.9^t)
    kFedBack,  // r ← r / (1 − 0.9^t) each time: GDFQ's released code, far off until some 200
               // calibrations have passed
    kBiased    // not at all: FDDA's
  };
  Averages averages = Averages::kClean;

  // averages, of the default `clean`, or that of a variant.
  static Params<StudentRanges> AveragesParam(const std::map<std::string, Json>& variants = {});
};

class Student {
 public:
  // Begins as the teacher, without ranges. `teacher` outlives this.
  Student(const Teacher& teacher, const QuantizationSetting& setting,
          const StudentRanges& ranges = {});

  // The leaves that are trained: weights, biases, affine parameters of batch norms.
  std::vector<torch::Tensor> Parameters() const;
  // The leaves of learned ranges: steps and upper ends.
  std::vector<torch::Tensor> RangeParameters() const;

  // One forward that moves the activation ranges: r ← 0.9 r + 0.1 x of a batch's minimum and
  // maximum over all ranks, read as r / (1 − 0.9^t); each site sees tensors that were quantized
  // before it. No gradient. One collective a site. Learned ranges are begun by the first, with up
  // to two collectives a site. Throws kTrial for a tensor with negative values under PACT.
  void Calibrate(Group& group, const torch::Tensor& x);

  // Logits of x: those of Quantized(), bit for bit. Differentiable in the parameters: x is `share`
  // of the images of the step (learned_ranges.h). Throws kTrial before the first Calibrate where
  // activations are quantized, and for weights that are not finite.
  torch::Tensor Forward(const torch::Tensor& x, double share = 1) const;

  // The network with codes instead of weights, and the trained parameters.
  QuantizedNetwork Quantized() const;

  // Parameters and ranges, under keys that begin with `prefix`.
  void Save(const std::string& prefix, CheckpointState& state) const;
  void Restore(const std::string& prefix, const CheckpointState& state);

 private:
  struct Range {
    torch::Tensor lo, hi;    // averages of a site's extremes, not yet divided
    torch::Tensor learned;   // its step or upper end; fixed under DoReFa
    bool is_signed = false;  // of a learned step
  };
  using Observe = QuantizedNetwork::Observe;
  torch::Tensor Run(const torch::Tensor& x, double share, const Observe& observe) const;
  void BeginLearnedRange(Group& group, size_t site, const torch::Tensor& tensor);
  void Widen(Group& group, size_t site, const torch::Tensor& tensor);
  void RequireCalibrated() const;
  double SeenShare() const;  // of a moving average's weights: 1 − 0.9^t
  UniformGrid GridOf(size_t site) const;
  bool IsDoReFa(int index) const;
  torch::Tensor Coded(int index, const torch::Tensor& weight) const;  // what its codes stand for
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
