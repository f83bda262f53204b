// BRECQ: Pushing the Limit of Post-Training Quantization by Block Reconstruction (Li et al., ICLR
// 2021, arXiv:2102.05426). First all rounding, block by block, with activations in full precision;
// then the steps of activations, with the weights fixed. The released default is the plain squared
// error; the paper weighs it by eq. 10 (fisher.h).
#include "engine/quant/reconstruction_limits.h"
#include "engine/quant/reconstruction_params.h"
#include "methods/brecq/fisher.h"
#include "methods/reconstruction_settings.h"

namespace zerosweep {
namespace {

constexpr const char* kSource = "authors' code, main_imagenet.py";
constexpr int64_t kStepIterations = 5000;  // for which the rate of the steps was chosen

}  // namespace

ReconstructionSettings BrecqSettings(const QuantizationContext& context) {
  const Json& params = context.params;
  ReconstructionSettings settings = SettingsFrom(context, {}, {}, ActInit::kAtPhaseStart);
  Phase& rounding = settings.phases.front();
  rounding.name = "round";
  rounding.quantize_activations = false;
  rounding.lr_act_step = 0;
  settings.phases.push_back({.name = "steps",
                             .iterations = params.at("act_iterations"),
                             .reference_iterations = kStepIterations,
                             .lr_rounding = 0,
                             .lr_act_step = params.at("lr_act_step"),
                             .fp_inputs = params.at("act_inputs") == "fp",
                             .p = params.at("act_p")});
  return settings;
}

namespace {

Quantization Quantize(const QuantizationContext& context) {
  const ReconstructionSettings settings = BrecqSettings(context);
  const Json& params = context.params;
  if (params.at("output_error") != "fisher") return Reconstruct(context, settings);
  FisherWeights fisher(context, params.at("fisher_damping"), settings.batch);
  return Reconstruct(context, settings, &fisher);
}

const RegisterQuantizer kBrecq{
    {.name = "brecq",
     .summary = "learned rounding block by block, then learned steps of activations",
     .paper = "BRECQ (Li et al., ICLR 2021)",
     .revision = 2,
     .uses_seed = true,
     .params = ReconstructionParams(
         {.stem = "skip", .act_init_images = 64, .source = kSource}, 1e-3,
         {BudgetParam("act_iterations", {kStepIterations, 1000, 5},
                      "steps of Adam on the steps of activations, for each unit", "iterations",
                      kSource),
          ActStepRateParam(4e-4, kSource),
          {.name = "act_p",
           .type = ParamType::kFloat,
           .default_value = 2.4,
           .meaning = "power of the output's error in the second phase",
           .source = kSource,
           .min = 1},
          {.name = "act_inputs",
           .type = ParamType::kChoice,
           .default_value = "fp",
           .meaning = "inputs of the second phase: the released code leaves the flag out that "
                      "would take the quantized path",
           .source = "authors' code, main_imagenet.py; paper, section 3",
           .choices = {"fp", "quantized"},
           .variants = {{"code", "fp"}, {"paper", "quantized"}}},
          {.name = "output_error",
           .type = ParamType::kChoice,
           .default_value = "plain",
           .meaning = "the output's error while rounding is learned: plain: squared; fisher: "
                      "squared and weighed by the gradient of the network's loss",
           .source = "plain: authors' code, main_imagenet.py (opt_mode mse); fisher: paper, eq. 10",
           .choices = {"plain", "fisher"},
           .variants = {{"code", "plain"}, {"paper", "fisher"}}},
          {.name = "fisher_damping",
           .type = ParamType::kFloat,
           .default_value = 1,
           .meaning = "added to the gradient's size; the equation has 0",
           .source = "authors' code, quant/data_utils.py",
           .min = 0}}),
     .limits = ReconstructionLimits()},
    Quantize};

}  // namespace
}  // namespace zerosweep
