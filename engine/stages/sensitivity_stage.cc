// sensitivity: how much the outputs change when each op alone is quantized. Artifact:
// sensitivity.json. It is a separate stage since it depends only on the teacher and the images and
// serves every budget, every set of choices and every quantizer. It measures all widths, so that
// choices do not change its name.
#include "engine/import/safetensors.h"
#include "engine/quant/number_format.h"
#include "engine/sensitivity/sensitivity.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace {

struct SensitivitySettings {
  Divergence divergence = Divergence::kForward;
};

Params<SensitivitySettings> SensitivityParams() {
  return Bind(&SensitivitySettings::divergence,
              {.name = "divergence",
               .default_value = "forward",
               .meaning = "forward: KL(full precision ‖ quantized) of the softmax outputs; "
                          "symmetric: the mean of both directions",
               .source = "forward: ZeroQ, section 3.2; symmetric: rhhc/ZeroQ-MP (community rerun)",
               .neutral = "forward"},
              {{"forward", Divergence::kForward}, {"symmetric", Divergence::kSymmetric}});
}

StageMetrics RunSensitivity(const StageContext& context, const SensitivitySettings& settings) {
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  const auto tensors = ReadSafetensors(context.Input("images") / "images.safetensors");
  const Sensitivity sensitivity =
      MeasureSensitivity(teacher, tensors.at("images").to(context.device), settings.divergence,
                         context.progress, context.checkpoints);
  SaveSensitivity(sensitivity, context.staging);
  StageMetrics metrics = {{"ops", static_cast<double>(sensitivity.ops.size())}};
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    double& sum = metrics[fmt::format("kl_uniform_{}", bits)];
    for (size_t op = 0; op < sensitivity.ops.size(); ++op) sum += sensitivity.Omega(op, bits);
  }
  return metrics;
}

const RegisterStageKind kSensitivity{
    {.name = "sensitivity",
     .summary = "measures how much the outputs change when the weights of one op alone are "
                "quantized, for every op and bit-width",
     .paper = "ZeroQ (Cai et al., CVPR 2020), section 3.2",
     .revision = 1,
     .facts = KindFacts{.presence = KindFacts::Presence::kMixedBits,
                        .set_by = KindFacts::SetBy::kBits,
                        .provides = "sensitivity",
                        .reads = {"teacher", "images"},
                        .passes = 20}},
    SensitivityParams(),
    RunSensitivity};

}  // namespace
}  // namespace zerosweep
