// BRECQ: Pushing the Limit of Post-Training Quantization by Block Reconstruction (Li et al., ICLR
// 2021, arXiv:2102.05426). A first phase learns all rounding, block by block, with activations in
// full precision. A second phase learns the steps of activations, with the weights fixed. The
// released default is the plain squared error; the paper weighs it by eq. 10 (fisher.h).
#include "engine/reconstruction/reconstruction_limits.h"
#include "methods/brecq/fisher.h"
#include "methods/reconstruction_loops.h"

namespace zerosweep {
namespace {

constexpr const char* kSource = "authors' code, main_imagenet.py";
constexpr int64_t kStepIterations = 5000;  // the rate of the steps was chosen for these

// Parameters of the second phase.
Params<Phase> StepParams() {
  return {Bind(&Phase::iterations,
               BudgetParam("act_iterations", {kStepIterations, 1000, 5},
                           "steps of Adam on the steps of activations, for each unit", "iterations",
                           kSource)),
          ActStepRateParam(4e-4, kSource),
          Bind(&Phase::p, {.name = "act_p",
                           .default_value = 2.4,
                           .meaning = "power of the output's error in the second phase",
                           .source = kSource,
                           .min = 1}),
          Bind(&Phase::fp_inputs,
               {.name = "act_inputs",
                .default_value = "fp",
                .meaning = "inputs of the second phase: the released code leaves the flag out that "
                           "would take the quantized path",
                .source = "authors' code, main_imagenet.py; paper, section 3",
                .variants = {{"code", "fp"}, {"paper", "quantized"}}},
               {{"fp", true}, {"quantized", false}})};
}

}  // namespace

Params<BrecqSettings> BrecqParams() {
  return {Part(&BrecqSettings::base,
               ReconstructionParams({.stem = "skip", .act_init_images = 64, .source = kSource})),
          Part(&BrecqSettings::steps, StepParams()),
          Bind(&BrecqSettings::fisher,
               {.name = "output_error",
                .default_value = "plain",
                .meaning = "the output's error while rounding is learned: plain: squared; fisher: "
                           "squared and weighed by the gradient of the network's loss",
                .source =
                    "plain: authors' code, main_imagenet.py (opt_mode mse); fisher: paper, eq. 10",
                .variants = {{"code", "plain"}, {"paper", "fisher"}}},
               {{"plain", false}, {"fisher", true}}),
          Bind(&BrecqSettings::fisher_damping,
               {.name = "fisher_damping",
                .default_value = 1,
                .meaning = "added to the gradient's size; the equation has 0",
                .source = "authors' code, quant/data_utils.py",
                .min = 0})};
}

ReconstructionSettings BrecqLoop(const QuantizationContext& context,
                                 const BrecqSettings& settings) {
  ReconstructionSettings loop = LoopOf(context, settings.base, {}, {}, ActInit::kAtPhaseStart);
  Phase& rounding = loop.phases.front();
  rounding.name = "round";
  rounding.quantize_activations = false;
  Phase& steps = loop.phases.emplace_back(settings.steps);
  steps.name = "steps";
  steps.reference_iterations = kStepIterations;
  steps.lr_rounding = 0;
  return loop;
}

namespace {

Quantization Quantize(const QuantizationContext& context, const BrecqSettings& settings) {
  const ReconstructionSettings loop = BrecqLoop(context, settings);
  if (!settings.fisher) return Reconstruct(context, loop);
  FisherWeights fisher(context, settings.fisher_damping, loop.batch);
  return Reconstruct(context, loop, &fisher);
}

const RegisterQuantizer kBrecq{
    {.name = "brecq",
     .summary = "learned rounding block by block, then learned steps of activations",
     .paper = "BRECQ (Li et al., ICLR 2021)",
     .revision = 2,
     .uses_seed = true,
     .limits = ReconstructionLimits()},
    BrecqParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
