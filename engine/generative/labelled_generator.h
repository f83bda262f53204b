// Images of requested classes, as GDFQ's generator makes them.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/catalogue/params.h"
#include "engine/generative/class_generator.h"
#include "engine/generative/generative_method.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

// How the class is passed to the generator.
enum class Conditioning {
  kAuto,       // kNorms for images with sides of more than 64 pixels, as in the released codes
  kEmbedding,  // z ⊙ E_y, with a learned embedding E of the classes, N(0, 1) at first (CIFAR)
  kNorms       // z, and separate norms for each class (ImageNet)
};

// Whether a generator for the network's images has conditional norms.
bool HasConditionalNorms(const Graph& graph, Conditioning conditioning);

struct LabelledGeneratorSettings {
  int64_t latents = 100;  // dimension of z ~ N(0, 1)
  Conditioning conditioning = Conditioning::kAuto;
};

// Declares latents and conditioning. A default of 0 latents is for methods that define its meaning.
Params<LabelledGeneratorSettings> LabelledGeneratorParams(int64_t latents,
                                                          const std::string& latents_meaning);

class LabelledGenerator {
 public:
  // `context` must outlive this object.
  LabelledGenerator(const QuantizationContext& context, const LabelledGeneratorSettings& settings);

  std::vector<torch::Tensor> Parameters() const;

  // Makes this rank's part of a batch, with uniform labels or all of one class. `purpose`
  // distinguishes several batches of a step.
  GeneratedBatch OfAllClasses(uint64_t step, const std::string& purpose, BatchPart part) const;
  GeneratedBatch OfOneClass(uint64_t step, const std::string& purpose, BatchPart part,
                            int64_t label) const;

 private:
  GeneratedBatch Make(uint64_t step, const std::string& purpose, BatchPart part,
                      const torch::Tensor& labels) const;

  const QuantizationContext& context_;
  int64_t latents_, classes_;
  torch::Tensor embedding_;  // classes × latents; undefined where norms are conditional
  ClassGenerator generator_;
};

// GDFQ's generator as a method with only the common terms.
class PlainGenerator final : public GenerativeMethod {
 public:
  explicit PlainGenerator(LabelledGenerator generator) : generator_(std::move(generator)) {}

  std::vector<torch::Tensor> Parameters() const override { return generator_.Parameters(); }
  GeneratedBatch Generate(uint64_t step, BatchPart part) override {
    return generator_.OfAllClasses(step, "images", part);
  }

 private:
  LabelledGenerator generator_;
};

}  // namespace zerosweep
