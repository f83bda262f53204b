// BRECQ: Pushing the Limit of Post-Training Quantization by Block Reconstruction (Li et al., ICLR
// 2021, arXiv:2102.05426). First all rounding, block by block, with activations in full precision;
// then the steps of activations, with the weights fixed. The Fisher weights of eq. 10 are not used:
// the released default is the plain squared error.
#include "engine/quant/reconstruction_limits.h"
#include "engine/quant/reconstruction_params.h"

namespace zerosweep {
namespace {

constexpr const char* kSource = "authors' code, main_imagenet.py";

Quantization Quantize(const QuantizationContext& context) {
  const Json& params = context.params;
  ReconstructionSettings settings = SettingsFrom(context, {}, {}, ActInit::kAtPhaseStart);
  Phase& rounding = settings.phases.front();
  rounding.name = "round";
  rounding.quantize_activations = false;
  rounding.lr_act_step = 0;
  settings.phases.push_back({.name = "steps",
                             .iterations = params.at("act_iterations"),
                             .lr_rounding = 0,
                             .lr_act_step = params.at("lr_act_step"),
                             .fp_inputs = params.at("act_inputs") == "fp",
                             .p = params.at("act_p")});
  return Reconstruct(context, settings);
}

const RegisterQuantizer kBrecq{
    {.role = "quantizer",
     .name = "brecq",
     .summary = "learned rounding block by block, then learned steps of activations",
     .paper = "BRECQ (Li et al., ICLR 2021)",
     .revision = 1,
     .uses_seed = true,
     .params = ReconstructionParams(
         {.act_init_images = 64, .source = kSource}, 1e-3,
         {BudgetParam("act_iterations", {5000, 1000, 5},
                      "steps of Adam on the steps of activations, for each unit", "iterations",
                      kSource),
          ActStepRateParam(4e-4, kSource),
          {.name = "act_p",
           .type = "float",
           .default_value = 2.4,
           .meaning = "power of the output's error in the second phase",
           .source = kSource,
           .min = 1},
          {.name = "act_inputs",
           .type = "choice",
           .default_value = "fp",
           .meaning = "inputs of the second phase: the released code leaves the flag out that "
                      "would take the quantized path",
           .source = "authors' code, main_imagenet.py; paper, section 3",
           .choices = {"fp", "quantized"},
           .variants = {{"code", "fp"}, {"paper", "quantized"}}}}),
     .limits = ReconstructionLimits()},
    Quantize};

}  // namespace
}  // namespace zerosweep
