// Images of classes that are asked for, as GDFQ's generator makes them.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/joint/class_generator.h"
#include "engine/joint/joint_method.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

// z ~ N(0, 1) of `latents` numbers. Small images (CIFAR): the generator takes z ⊙ E_y, with a
// learned embedding E of the classes, N(0, 1) at first. Large ones (ImageNet): it takes z, and its
// norms are conditional. The parameter "conditioning" chooses.
class LabelledGenerator {
 public:
  // `context` outlives this object.
  explicit LabelledGenerator(const QuantizationContext& context);

  std::vector<torch::Tensor> Parameters() const;

  // This rank's part of a batch: labels uniform, or all of one class. `purpose` tells several
  // batches of a step apart.
  GeneratedBatch OfAllClasses(uint64_t step, const std::string& purpose, BatchPart part) const;
  GeneratedBatch OfOneClass(uint64_t step, const std::string& purpose, BatchPart part,
                            int64_t label) const;

 private:
  GeneratedBatch Make(uint64_t step, const std::string& purpose, BatchPart part,
                      const torch::Tensor& labels) const;

  const QuantizationContext& context_;
  int64_t latents_, classes_;
  bool conditional_;
  torch::Tensor embedding_;  // classes × latents; undefined where norms are conditional
  ClassGenerator generator_;
};

// Parameter "conditioning": whether the generator's norms are conditional.
bool HasConditionalNorms(const QuantizationContext& context);

}  // namespace zerosweep
