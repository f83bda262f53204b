#include "engine/reconstruction/reconstruction_params.h"

namespace zerosweep {
namespace {

constexpr const char* kScaling =
    "scaled: rates chosen for the paper's iterations raised for fewer (rounding in proportion, up "
    "to tenfold; steps by the square root, those of weights to 2 % of a step at most); reference: "
    "as they are";

// Parameters of the learning of each unit.
Params<ReconstructionSettings> StepParams(const std::string& source) {
  return {
      Bind(&ReconstructionSettings::batch,
           BudgetParam("batch", {32, 32, 4},
                       "images of one step, drawn with replacement as QDrop's and PD-Quant's codes "
                       "do (BRECQ's and GENIE's draw without)",
                       "images", source)),
      Bind(&ReconstructionSettings::scaled_rates,
           {.name = "lr",
            .default_value = "reference",
            .meaning = kScaling,
            .source = "Adam bounds how far a parameter moves: the rate times the iterations",
            .profiles = {{"paper", "reference"}, {"fast", "scaled"}, {"smoke", "scaled"}}},
           {{"reference", false}, {"scaled", true}})};
}

// Parameters of the loss, the initial ranges and the choice of units.
Params<ReconstructionSettings> UnitParams(const ReconstructionDefaults& defaults) {
  return {
      Bind(&ReconstructionSettings::round_weight,
           RateParam("round_weight", defaults.round_weight,
                     "weight of the rounding loss, a sum over all weights of a unit",
                     defaults.source)),
      Bind(&ReconstructionSettings::warmup,
           {.name = "warmup",
            .default_value = 0.2,
            .meaning = "share of the iterations without the rounding loss",
            .source = defaults.source,
            .min = 0,
            .max = 0.99}),
      Bind(&ReconstructionSettings::stem,
           {.name = "stem",
            .default_value = defaults.stem,
            .meaning = "the first unit: skip keeps nearest rounding; pre_bn matches the "
                       "convolution's output; post_act treats it like the others",
            .source = defaults.source},
           {{"skip", Stem::kSkip}, {"pre_bn", Stem::kPreBn}, {"post_act", Stem::kPostAct}}),
      Bind(&ReconstructionSettings::act_init_images,
           {.name = "act_init_images",
            .default_value = defaults.act_init_images,
            .meaning = "first images that the ranges of activations are searched on",
            .unit = "images",
            .source = defaults.source,
            .min = 1}),
      Bind(&ReconstructionSettings::units,
           {.name = "units",
            .default_value = defaults.units,
            .meaning = "what is reconstructed together: blocks: found from the graph; layers: one "
                       "weighted operator each; or names of nodes, with spaces in between, at "
                       "whose outputs units end",
            .source = "docs/protocol.md",
            .neutral = defaults.units}),
      Bind(&ReconstructionSettings::max_unit_macs,
           {.name = "max_unit_macs",
            .default_value = 0,
            .meaning = "blocks of more multiply-accumulates are taken layer by layer; 0: none",
            .unit = "MACs",
            .source = "docs/protocol.md",
            .min = 0,
            .neutral = 0})};
}

}  // namespace

Params<Phase> ActStepRateParam(double value, const std::string& source) {
  return Bind(&Phase::lr_act_step,
              RateParam("lr_act_step", value,
                        "learning rate of the steps of activations, cosine to 0", source));
}

Params<Phase> DropParams(const std::string& source) {
  return {ActStepRateParam(4e-5, source),
          Bind(&Phase::keep_quantized,
               FractionParam("keep_quantized", 0.5,
                             "probability, of every element, to be quantized while learning (drop)",
                             source))};
}

Params<ReconstructionBase> ReconstructionParams(const ReconstructionDefaults& defaults) {
  const auto of_phase = [](const Params<Phase>& params) {
    return Part(&ReconstructionBase::phase, params);
  };
  return {of_phase(Bind(&Phase::iterations,
                        BudgetParam("iterations", {defaults.paper_iterations, 1000, 10},
                                    "steps of Adam for each unit", "iterations", defaults.source))),
          Part(&ReconstructionBase::loop, StepParams(defaults.source)),
          of_phase(Bind(&Phase::lr_rounding,
                        RateParam("lr_rounding", defaults.lr_rounding,
                                  "learning rate of the rounding variables", defaults.source))),
          Part(&ReconstructionBase::loop, UnitParams(defaults))};
}

ReconstructionSettings LoopOf(const QuantizationContext& context, const ReconstructionBase& base,
                              const RangeEstimatorSettings& weight_range,
                              const RangeEstimatorSettings& act_range, ActInit act_init) {
  ReconstructionSettings loop = base.loop;
  loop.weight_range = weight_range;
  loop.act_range = act_range;
  if (context.setting.protocol.symmetric_weights) loop.weight_range.kind = RangeEstimator::kNarrow;
  if (context.setting.protocol.zero_point_free)
    loop.act_range = {.kind = RangeEstimator::kSymmetric, .candidates = 100};
  loop.act_range.contain_zero = context.setting.protocol.zero_in_range;
  loop.weight_range.progress = loop.act_range.progress = &context.progress;
  loop.act_init = context.setting.protocol.init_on_fp ? ActInit::kFullPrecision : act_init;
  loop.phases = {base.phase};
  return loop;
}

}  // namespace zerosweep
