// correct: PD-Quant's distribution correction. It is a separate stage since it depends only on the
// teacher and the images and serves every bit-width. Artifact: correction.safetensors (unit →
// corrected inputs).
#include "engine/import/safetensors.h"
#include "engine/stages/stage_kind.h"
#include "methods/pd_quant/correction.h"

namespace zerosweep {
namespace {

constexpr const char* kCorrectionSource = "authors' code, run_script.py and quant/data_utils.py";

struct CorrectSettings {
  CorrectionSettings correction;  // except its weight, which is 1 / lamb_c
  double lamb_c = 0;
};

Params<CorrectSettings> CorrectParams() {
  return {
      Part(&CorrectSettings::correction,
           {Bind(&CorrectionSettings::iterations,
                 {.name = "correction_iterations",
                  .default_value = 500,
                  .meaning = "steps of Adam for each unit and batch; 0: no correction",
                  .unit = "iterations",
                  .source = kCorrectionSource,
                  .min = 0,
                  .profiles = {{"smoke", 2}}}),
            Bind(&CorrectionSettings::batch, {.name = "correction_batch",
                                              .default_value = 32,
                                              .meaning = "images corrected together",
                                              .unit = "images",
                                              .source = kCorrectionSource,
                                              .min = 1}),
            Bind(&CorrectionSettings::lr,
                 RateParam("correction_lr", 1e-3, "learning rate of Adam", kCorrectionSource))}),
      Bind(&CorrectSettings::lamb_c,
           {.name = "lamb_c",
            .default_value = 0.02,
            .meaning = "divides the distance to the original input (ResNets; RegNets 0.01, "
                       "MobileNetV2 0.005, MNasNet 0.001)",
            .source = kCorrectionSource,
            .min = 1e-9})};
}

StageMetrics RunCorrect(const StageContext& context, const CorrectSettings& settings) {
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  const auto tensors = ReadSafetensors(context.Input("images") / "images.safetensors");
  CorrectionSettings correction = settings.correction;
  correction.weight = 1 / settings.lamb_c;
  std::map<std::string, torch::Tensor> corrected =
      CorrectInputs(teacher.graph, tensors.at("images").to(context.device), correction,
                    context.progress, context.checkpoints);
  for (auto& [name, tensor] : corrected) tensor = tensor.cpu().contiguous();
  WriteSafetensors(context.staging / "correction.safetensors", corrected);
  return {{"units", static_cast<double>(corrected.size())}};
}

const RegisterStageKind kCorrect{
    {.name = "correct",
     .summary = "moves the inputs of every unit towards the statistics of its batch norms",
     .paper = "PD-Quant (Liu et al., CVPR 2023), section 3.4",
     .revision = 1,
     .facts = KindFacts{.presence = KindFacts::Presence::kNeeded,
                        .set_by = KindFacts::SetBy::kQuantizer,
                        .provides = "correction",
                        .reads = {"teacher", "images"}}},
    CorrectParams(),
    RunCorrect};

}  // namespace
}  // namespace zerosweep
