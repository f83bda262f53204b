#include "engine/quant/reconstruction_params.h"

#include <utility>

namespace zerosweep {
namespace {

constexpr const char* kScaling =
    "scaled: rates chosen for the paper's iterations raised for fewer (rounding in proportion, up "
    "to tenfold; steps by the square root); reference: as they are";

Stem StemFrom(const std::string& word) {
  if (word == "skip") return Stem::kSkip;
  return word == "pre_bn" ? Stem::kPreBn : Stem::kPostAct;
}

}  // namespace

ParamSpec ActStepRateParam(double value, const std::string& source) {
  return RateParam("lr_act_step", value, "learning rate of the steps of activations, cosine to 0",
                   source);
}

ParamSpec KeepParam(const std::string& source) {
  return ShareParam("keep_quantized", 0.5,
                    "probability, of every element, to be quantized while learning (drop)", source);
}

std::vector<ParamSpec> ReconstructionParams(const ReconstructionDefaults& defaults,
                                            double lr_rounding, std::vector<ParamSpec> more) {
  std::vector<ParamSpec> params = {
      BudgetParam("iterations", {defaults.paper_iterations, 1000, 10},
                  "steps of Adam for each unit", "iterations", defaults.source),
      BudgetParam("batch", {32, 32, 4},
                  "images of one step, drawn with replacement as QDrop's and PD-Quant's codes do "
                  "(BRECQ's and GENIE's draw without)",
                  "images", defaults.source),
      {.name = "lr",
       .type = ParamType::kChoice,
       .default_value = "reference",
       .meaning = kScaling,
       .source = "Adam bounds how far a parameter moves: the rate times the iterations",
       .choices = {"reference", "scaled"},
       .profiles = {{"paper", "reference"}, {"fast", "scaled"}, {"smoke", "scaled"}}},
      RateParam("lr_rounding", lr_rounding, "learning rate of the rounding variables",
                defaults.source),
      RateParam("round_weight", defaults.round_weight,
                "weight of the rounding loss, a sum over all weights of a unit", defaults.source),
      {.name = "warmup",
       .type = ParamType::kFloat,
       .default_value = 0.2,
       .meaning = "share of the iterations without the rounding loss",
       .source = defaults.source,
       .min = 0,
       .max = 0.99},
      {.name = "stem",
       .type = ParamType::kChoice,
       .default_value = defaults.stem,
       .meaning = "the first unit: skip keeps nearest rounding; pre_bn matches the convolution's "
                  "output; post_act treats it like the others",
       .source = defaults.source,
       .choices = {"skip", "pre_bn", "post_act"}},
      {.name = "act_init_images",
       .type = ParamType::kInt,
       .default_value = defaults.act_init_images,
       .meaning = "first images that the ranges of activations are searched on",
       .unit = "images",
       .source = defaults.source,
       .min = 1},
      {.name = "units",
       .type = ParamType::kString,
       .default_value = defaults.units,
       .meaning = "what is reconstructed together: blocks: found from the graph; layers: one "
                  "weighted operator each; or names of nodes, with spaces in between, at whose "
                  "outputs units end",
       .source = "docs/protocol.md",
       .neutral = defaults.units},
      {.name = "max_unit_macs",
       .type = ParamType::kInt,
       .default_value = 0,
       .meaning = "blocks of more multiply-accumulates are taken layer by layer; 0: none",
       .unit = "MACs",
       .source = "docs/protocol.md",
       .min = 0,
       .neutral = 0}};
  return Joined(std::move(params), std::move(more));
}

ReconstructionSettings SettingsFrom(const QuantizationContext& context,
                                    const RangeSearchSettings& weight_range,
                                    const RangeSearchSettings& act_range, ActInit act_init) {
  const Json& params = context.params;
  ReconstructionSettings settings;
  settings.stem = StemFrom(params.at("stem"));
  settings.units = params.value("units", "blocks");
  settings.most_unit_macs = params.value("max_unit_macs", int64_t{0});
  settings.batch = params.at("batch");
  settings.round_weight = params.at("round_weight");
  settings.warmup = params.at("warmup");
  settings.scaled_rates = params.at("lr") == "scaled";
  settings.weight_range = weight_range;
  settings.act_range = act_range;
  if (context.protocol.zero_point_free)
    settings.act_range = {.kind = RangeSearch::kSymmetric, .candidates = 100};
  settings.weight_range.progress = settings.act_range.progress = &context.progress;
  settings.act_init = context.protocol.init_on_fp ? ActInit::kFullPrecision : act_init;
  settings.act_init_images = params.at("act_init_images");
  Phase phase;
  phase.iterations = params.at("iterations");
  phase.lr_rounding = params.at("lr_rounding");
  phase.lr_act_step = params.value("lr_act_step", 0.0);
  phase.lr_weight_step = params.value("lr_weight_step", 0.0);
  phase.keep_quantized = params.value("keep_quantized", 1.0);
  settings.phases = {phase};
  return settings;
}

}  // namespace zerosweep
