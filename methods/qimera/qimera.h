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
  // Initial values of the classes' embeddings.
  enum class Embedding {
    kRandom,      // N(0, 1)
    kClassifier,  // the rows of the teacher's classifier
    kFrozen       // the same rows, not trained
  };

  GenerativeSettings common;  // 0 latents: as many as the classifier has inputs
  double superposed = 0;      // p
  int64_t mixed_classes = 0;  // K
  double noise = 0;           // η
  bool disentangle = false;
  Embedding embedding = Embedding::kRandom;
  bool mix_averages = false;  // conditional norms average a mix's classes instead of summing them
};
Params<QimeraSettings> QimeraParams();

// Superposed labels of images: K classes per image, drawn with replacement, and their weights.
struct Superposition {
  torch::Tensor classes;  // n×K int64
  torch::Tensor weights;  // n×K; rows sum to 1
};

// Collectives in addition to those of the loop: three in superposed steps, for the embeddings'
// norm.
class Qimera final : public GenerativeMethod {
 public:
  // `context` must outlive this object.
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
  // Returns n×classes; the weights of equal classes of one image add up.
  torch::Tensor LabelsOf(const Superposition& mix) const;
  // Returns E[y_k] + z_k, n×K×d, standardised: for plain images each image separately, for
  // superposed ones each slot k over all images.
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
