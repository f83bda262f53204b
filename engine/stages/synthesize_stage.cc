// synthesize: makes calibration images. Artifact: images.safetensors (images, and labels if there
// are any), curve.json, samples.png.
#include "engine/import/safetensors.h"
#include "engine/stages/method_limits.h"
#include "engine/stages/stage_kind.h"
#include "engine/synthesis/quality.h"
#include "engine/synthesis/synthesizer.h"

namespace zerosweep {
namespace {

StageMetrics RunSynthesize(const StageContext& context) {
  const auto& entry = SynthesizerRegistry::Get(context.params().at("name"));
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  CheckLimits(context, entry.declaration, teacher);
  std::optional<Dataset> real;
  if (entry.declaration.Needs("real_data")) {
    real = context.LoadSplit("calibration");
    RequireClasses(*real, teacher.classes);
  }
  SyntheticData data = entry.function({.teacher = teacher,
                                       .random = RandomStreams(context.seed()),
                                       .progress = context.progress,
                                       .checkpoints = context.checkpoints,
                                       .real_data = real ? &*real : nullptr},
                                      context.MethodParams());
  if (!torch::isfinite(data.images).all().item<bool>()) {
    FailTrial(Failure::kNonFinite, "{}: an image holds a value that is not finite",
              entry.declaration.name);
  }
  std::map<std::string, torch::Tensor> tensors = {{"images", data.images.cpu()}};
  if (data.labels.defined()) tensors["labels"] = data.labels.cpu();
  WriteSafetensors(context.staging / "images.safetensors", tensors);
  SaveCurves(data.curves, context.staging);
  SaveSamples(data.images, teacher, context.staging);
  data.metrics.merge(MeasureQuality(teacher, data.images));
  data.metrics["images"] = static_cast<double>(data.images.size(0));
  return data.metrics;
}

const RegisterStageKind kSynthesize{
    {.name = "synthesize",
     .summary = "makes the images that a quantizer calibrates or trains on",
     .revision = 1,
     .facts = KindFacts{.presence = KindFacts::Presence::kSynthesizer,
                        .set_by = KindFacts::SetBy::kSynthesizer,
                        .provides = "images",
                        .reads = {"teacher"},
                        .runs = Role::kSynthesizer}},
    RunSynthesize};

}  // namespace
}  // namespace zerosweep
