// Qimera's generator (qimera.cc).
#pragma once

#include <torch/types.h>

#include <vector>

#include "engine/generative/class_generator.h"
#include "engine/generative/generative_method.h"
#include "engine/generative/generative_params.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

struct QimeraSettings {
  // What the classes' embeddings begin as.
  enum class Embedding {
    kRandom,      // N(0, 1)
    kClassifier,  // the rows of the teacher's classifier
    kFrozen       // those, not trained
  };

  GenerativeSettings common;  // with 0 latents: as many as the teacher's classifier takes
  double superposed = 0;      // p
  int64_t mixed_classes = 0;  // K
  double noise = 0;           // η
  bool disentangle = false;
  Embedding embedding = Embedding::kRandom;
  bool mix_averages = false;  // conditional norms take the mean of a mix's classes, not their sum
};
Params<QimeraSettings> QimeraParams();

// Superposed labels of images: K classes each, drawn with replacement, and their weights.
struct Superposition {
  torch::Tensor classes;  // n×K int64
  torch::Tensor weights;  // n×K, rows sum to 1
};

// Collectives beside those of the loop: three in superposed steps, of the embeddings' norm.
class Qimera final : public GenerativeMethod {
 public:
  // `context` outlives this object.
  Qimera(const QuantizationContext& context, const QimeraSettings& settings);

  std::vector<torch::Tensor> Parameters() const override;
  GeneratedBatch Generate(uint64_t step, BatchPart part) override {
    return Make(step, part, IsSuperposed(step));
  }
  GeneratedBatch HeldOut(uint64_t step, BatchPart part) override {
    return Make(step, part, /*superposed=*/false);
  }

  // Whether all images of the step are superposed: one draw for the batch.
  bool IsSuperposed(uint64_t step) const;
  Superposition Superpose(uint64_t step, BatchPart part) const;
  // n×classes: the weights of one image's equal classes add up.
  torch::Tensor LabelsOf(const Superposition& mix) const;
  // n×K×d: E[y_k] + z_k, standardised: of plain images each by itself, of superposed ones each slot
  // k over all images.
  torch::Tensor Embed(uint64_t step, BatchPart part, const torch::Tensor& classes,
                      bool superposed) const;

 private:
  GeneratedBatch Make(uint64_t step, BatchPart part, bool superposed);
  Superposition Plain(uint64_t step, BatchPart part) const;
  torch::Tensor Classes(uint64_t step, BatchPart part, int64_t each) const;

  const QuantizationContext& context_;
  QimeraSettings settings_;
  int64_t classes_;
  torch::Tensor embedding_;                      // classes×d
  torch::Tensor mapping_weight_, mapping_bias_;  // d → 100; undefined without disentanglement
  ClassGenerator generator_;
};

}  // namespace zerosweep
