// GDFQ (Xu et al., ECCV 2020; authors' code): a generator learns images that the teacher assigns to
// the requested class and whose batch-norm statistics match, while the quantized network learns
// from them. The loop is engine/generative/generative_training.h.
#include "engine/generative/generative_training.h"
#include "engine/generative/labelled_generator.h"

namespace zerosweep {
namespace {

Quantization Quantize(const QuantizationContext& context, const GenerativeSettings& settings) {
  PlainGenerator gdfq{LabelledGenerator(context, settings.generator)};
  return TrainWithGenerator(context, "gdfq", settings, gdfq);
}

const RegisterQuantizer kGdfq{{.name = "gdfq",
                               .summary = "quantization-aware training on the images of a "
                                          "generator that is trained at the same time",
                               .paper = "GDFQ (Xu et al., ECCV 2020)",
                               .revision = 1,
                               .uses_seed = true,
                               .limits = GenerativeLimits(),
                               .facts = MethodFacts{.joint = true, .groups = true}},
                              GenerativeParams({}),
                              Quantize};

}  // namespace
}  // namespace zerosweep
