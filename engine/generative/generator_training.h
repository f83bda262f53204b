// The training of the generator, with Adam(0.5, 0.999):
//
//   L_G = w·CE(t, y) + β·L_BNS + the method's terms
//   L_BNS = (1/L) Σ_l MSE(μ_l, M_l) + MSE(v_l, V_l)    batch means and biased variances
#pragma once

#include <string>
#include <vector>

#include "engine/generative/generative_method.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

struct GeneratorSettings {
  int64_t batch = 0;               // images
  double label_weight = 1;         // w
  double statistics_weight = 0.1;  // β
  double lr = 1e-3;
  RateSchedule rate = {};
};

class GeneratorTraining {
 public:
  // All arguments must outlive this object. Errors name `name`.
  GeneratorTraining(const QuantizationContext& context, const std::string& name,
                    GenerativeMethod& method, const GeneratorSettings& settings);

  // Runs one step. Returns the images made before it, with the teacher's logits. Adds the terms of
  // the loss and their sum, "generator_loss", to `shown`.
  TrainingBatch Step(int64_t step, Terms& shown);

  void Save(CheckpointState& state) const { adam_.Save("generator_adam.", state); }
  void Restore(const CheckpointState& state) { adam_.Restore("generator_adam.", state); }

 private:
  const QuantizationContext& context_;
  std::string name_;
  GenerativeMethod& method_;
  GeneratorSettings settings_;
  BatchPart part_;                // this rank's part of every batch
  std::vector<Moments> targets_;  // targets of L_BNS
  Optimiser adam_;
};

}  // namespace zerosweep
