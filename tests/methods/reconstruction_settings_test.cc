// Settings of the methods that search and reconstruct, against a table written by hand from the
// papers and the released files at the commits of docs/fidelity.md: BRECQ main_imagenet.py and
// quant/; QDrop exp/w2a4/r18/config.yaml and qdrop/; PD-Quant run_script.py, main_imagenet.py and
// quant/; GENIE main.py, reconstruct.py and quantizer.py. AdaRound's are the paper's, section
// 5, with BRECQ's grids; AQuant, which has no code, takes QDrop's by our design.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "methods/reconstruction_loops.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

struct Method {
  const char* name;
  std::function<ReconstructionSettings(const QuantizationContext&, const Json& params)> loop;
  Protocol protocol;  // what its own preset says of ranges
};

template <typename Settings>
Method Of(const char* name, const Params<Settings>& params,
          ReconstructionSettings (*loop)(const QuantizationContext&, const Settings&),
          const Protocol& protocol = {}) {
  return {name,
          [=](const QuantizationContext& context, const Json& given) {
            return loop(context, params.Read(name, given));
          },
          protocol};
}

const std::vector<Method>& Methods() {
  static const std::vector<Method> methods = {
      Of("adaround", AdaRoundParams(), AdaRoundLoop),
      Of("brecq", BrecqParams(), BrecqLoop),
      Of("qdrop", QDropParams(), QDropLoop, {.init_on_fp = true}),
      Of("pd_quant", PdQuantParams(), PdQuantLoop),
      Of("genie_m", GenieMParams(), GenieMLoop, {.zero_point_free = true}),
      Of("aquant", AQuantParams(), AQuantLoop)};
  return methods;
}

// A line of a table: what, and its value for each of Methods(); null: the method has no such thing.
using Table = std::vector<std::pair<const char*, Json>>;

// Under profile `paper` and variant `code`.
const Table kParameters = {
    //                 adaround     brecq       qdrop       pd_quant    genie_m     aquant
    {"iterations", {10000, 20000, 20000, 20000, 20000, 20000}},
    {"batch", {32, 32, 32, 32, 32, 32}},
    {"lr", {"reference", "reference", "reference", "reference", "reference", "reference"}},
    {"lr_rounding", {1e-3, 1e-3, 1e-3, 3e-3, 1e-3, 1e-3}},
    {"round_weight", {0.01, 0.01, 0.01, 0.01, 1.0, 0.01}},
    {"warmup", {0.2, 0.2, 0.2, 0.2, 0.2, 0.2}},
    {"stem", {"post_act", "skip", "post_act", "post_act", "pre_bn", "post_act"}},
    {"act_init_images", {256, 64, 256, 256, 32, 256}},
    {"units", {"layers", "blocks", "blocks", "blocks", "blocks", "blocks"}},
    {"max_unit_macs", {0, 0, 0, 0, 0, 0}},
    {"lr_act_step", {nullptr, 4e-4, 4e-5, 4e-5, 4e-5, 4e-5}},
    {"lr_weight_step", {nullptr, nullptr, nullptr, nullptr, 1e-4, nullptr}},
    {"keep_quantized", {nullptr, nullptr, 0.5, 0.5, 0.5, 0.5}},
    {"act_iterations", {nullptr, 5000, nullptr, nullptr, nullptr, nullptr}},
    {"act_p", {nullptr, 2.4, nullptr, nullptr, nullptr, nullptr}},
    {"act_inputs", {nullptr, "fp", nullptr, nullptr, nullptr, nullptr}},
    {"output_error", {nullptr, "plain", nullptr, nullptr, nullptr, nullptr}},
    {"fisher_damping", {nullptr, 1.0, nullptr, nullptr, nullptr, nullptr}},
    {"temperature", {nullptr, nullptr, nullptr, 4.0, nullptr, nullptr}},
    {"lamb_r", {nullptr, nullptr, nullptr, 0.1, nullptr, nullptr}},
    {"act_init_unit", {nullptr, nullptr, nullptr, nullptr, "soft", nullptr}},
    {"drop_masks", {nullptr, nullptr, nullptr, nullptr, "reader", nullptr}},
    {"lr_border", {nullptr, nullptr, nullptr, nullptr, nullptr, 1e-3}},
    {"border", {nullptr, nullptr, nullptr, nullptr, nullptr, "channel"}},
    {"border_init", {nullptr, nullptr, nullptr, nullptr, nullptr, "closed_form"}},
};

// What the parameters do not show. Ranges: shrink: 1 − i/100 of minimum and maximum; width_zero:
// 100 widths × every zero point; symmetric: no zero point.
const Table kSettings = {
    //                 adaround     brecq       qdrop       pd_quant    genie_m     aquant
    {"weight range", {"shrink", "shrink", "width_zero", "width_zero", "shrink", "width_zero"}},
    {"weight candidates", {80, 80, 100, 100, 100, 100}},
    {"weight p", {2.4, 2.4, 2.4, 2.4, 2.4, 2.4}},
    {"act range", {"shrink", "shrink", "width_zero", "width_zero", "symmetric", "width_zero"}},
    {"act candidates", {80, 80, 100, 100, 100, 100}},
    {"act p", {2.4, 2.4, 2.4, 2.4, 2.4, 2.4}},
    {"act init", {"phase", "phase", "fp", "unit", "soft unit", "unit"}},
    {"step gradient", {"round", "round", "round", "round", "clamp", "round"}},
    {"borders", {false, false, false, false, false, true}},
    {"b", {"20 to 2", "20 to 2", "20 to 2", "20 to 2", "20 to 2", "20 to 2"}},
    {"phases", {2, 2, 1, 1, 1, 1}},
    {"1 iterations", {10000, 20000, 20000, 20000, 20000, 20000}},
    {"1 reference iterations", {10000, 20000, 20000, 20000, 20000, 20000}},
    {"1 lr rounding", {1e-3, 1e-3, 1e-3, 3e-3, 1e-3, 1e-3}},
    {"1 lr weight step", {0.0, 0.0, 0.0, 0.0, 1e-4, 0.0}},
    {"1 lr act step", {0.0, 0.0, 4e-5, 4e-5, 4e-5, 4e-5}},
    {"1 lr border", {0.0, 0.0, 0.0, 0.0, 0.0, 1e-3}},
    {"1 quantizes activations", {false, false, true, true, true, true}},
    {"1 full-precision inputs", {false, false, false, false, false, false}},
    {"1 p", {2.0, 2.0, 2.0, 2.0, 2.0, 2.0}},
    {"1 keep quantized", {1.0, 1.0, 0.5, 0.5, 0.5, 0.5}},
    {"1 mask each reader", {false, false, false, false, true, false}},
    {"2 iterations", {0, 5000, nullptr, nullptr, nullptr, nullptr}},
    {"2 reference iterations", {nullptr, 5000, nullptr, nullptr, nullptr, nullptr}},
    {"2 lr rounding", {0.0, 0.0, nullptr, nullptr, nullptr, nullptr}},
    {"2 lr weight step", {0.0, 0.0, nullptr, nullptr, nullptr, nullptr}},
    {"2 lr act step", {0.0, 4e-4, nullptr, nullptr, nullptr, nullptr}},
    {"2 lr border", {0.0, 0.0, nullptr, nullptr, nullptr, nullptr}},
    {"2 quantizes activations", {true, true, nullptr, nullptr, nullptr, nullptr}},
    {"2 full-precision inputs", {nullptr, true, nullptr, nullptr, nullptr, nullptr}},
    {"2 p", {nullptr, 2.4, nullptr, nullptr, nullptr, nullptr}},
    {"2 keep quantized", {1.0, 1.0, nullptr, nullptr, nullptr, nullptr}},
    {"2 mask each reader", {false, false, nullptr, nullptr, nullptr, nullptr}},
};

Json ColumnOf(const Table& table, size_t method) {
  Json column = Json::object();
  for (const auto& [what, values] : table)
    if (!values.at(method).is_null()) column[what] = values[method];
  return column;
}

Json DefaultOf(const ParamSpec& spec) {
  if (spec.variants.contains("code")) return spec.variants.at("code");
  return spec.profiles.contains("paper") ? spec.profiles.at("paper") : spec.default_value;
}

Json DefaultsOf(const Declaration& declaration) {
  Json values = Json::object();
  for (const ParamSpec& spec : declaration.params) values[spec.name] = DefaultOf(spec);
  return values;
}

const char* Word(RangeEstimator kind) {
  switch (kind) {
    case RangeEstimator::kMinMax:
      return "minmax";
    case RangeEstimator::kShrinkBoth:
      return "shrink";
    case RangeEstimator::kWidthAndZero:
      return "width_zero";
    case RangeEstimator::kSymmetric:
      return "symmetric";
    case RangeEstimator::kNarrow:
      return "narrow";
  }
  return "";
}

const char* Word(ActInit init) {
  switch (init) {
    case ActInit::kFullPrecision:
      return "fp";
    case ActInit::kAtPhaseStart:
      return "phase";
    case ActInit::kPerUnit:
      return "unit";
    case ActInit::kSoftUnit:
      return "soft unit";
  }
  return "";
}

void TellRange(const std::string& what, const RangeEstimatorSettings& range, Json& told) {
  told[what + " range"] = Word(range.kind);
  told[what + " candidates"] = range.kind == RangeEstimator::kWidthAndZero
                                   ? static_cast<int>(std::lround(1 / range.step))
                                   : range.candidates;
  told[what + " p"] = range.p;
}

void ReportPhase(const std::string& number, const Phase& phase, Json& told) {
  told[number + " iterations"] = phase.iterations;
  told[number + " lr rounding"] = phase.lr_rounding;
  told[number + " lr weight step"] = phase.lr_weight_step;
  told[number + " lr act step"] = phase.lr_act_step;
  told[number + " lr border"] = phase.lr_border;
  told[number + " quantizes activations"] = phase.quantize_activations;
  told[number + " keep quantized"] = phase.keep_quantized;
  told[number + " mask each reader"] = phase.mask_each_reader;
  if (phase.iterations == 0) return;  // nothing is learned
  told[number + " reference iterations"] = phase.reference_iterations;
  told[number + " full-precision inputs"] = phase.fp_inputs;
  told[number + " p"] = phase.p;
}

Json Told(const ReconstructionSettings& settings) {
  Json told = Json::object();
  TellRange("weight", settings.weight_range, told);
  TellRange("act", settings.act_range, told);
  told["act init"] = Word(settings.act_init);
  told["step gradient"] =
      settings.step_gradient == StepGradient::kClampThenRound ? "clamp" : "round";
  told["borders"] = settings.borders.has_value();
  told["b"] = fmt::format("{} to {}", settings.b_start, settings.b_end);
  told["phases"] = settings.phases.size();
  for (size_t i = 0; i < settings.phases.size(); ++i)
    ReportPhase(std::to_string(i + 1), settings.phases[i], told);
  return told;
}

// What differs, so that a failure names it.
void ExpectSame(const Json& actual, const Json& expected, const std::string& method) {
  for (const Json& change : Json::diff(expected, actual))
    ADD_FAILURE() << method << ": " << change.dump() << " against the table";
}

TEST(ReconstructionSettingsTest, DeclaredValuesAreThoseOfTheReleasedFiles) {
  for (size_t i = 0; i < Methods().size(); ++i) {
    const std::string name = Methods()[i].name;
    ExpectSame(DefaultsOf(QuantizerRegistry::Get(name).declaration), ColumnOf(kParameters, i),
               name);
  }
}

TEST(ReconstructionSettingsTest, WhatTheyRunWithIsTheTable) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor images;
  QuietProgress progress;
  NoCheckpoints none;
  SoloGroup alone;
  for (size_t i = 0; i < Methods().size(); ++i) {
    const Method& method = Methods()[i];
    const Json params = ColumnOf(kParameters, i);
    const ReconstructionSettings settings = method.loop({.teacher = teacher,
                                                         .images = images,
                                                         .setting = {method.protocol, false, 4, 4},
                                                         .random = RandomStreams(0),
                                                         .progress = progress,
                                                         .checkpoints = none,
                                                         .group = alone},
                                                        params);
    ExpectSame(Told(settings), ColumnOf(kSettings, i), method.name);
    EXPECT_EQ(settings.units, params.at("units"));
    EXPECT_EQ(settings.batch, params.at("batch"));
    EXPECT_EQ(settings.round_weight, params.at("round_weight"));
    EXPECT_EQ(settings.warmup, params.at("warmup"));
    EXPECT_EQ(settings.act_init_images, params.at("act_init_images"));
    EXPECT_FALSE(settings.scaled_rates);
    const std::map<std::string, Stem> stems = {
        {"skip", Stem::kSkip}, {"pre_bn", Stem::kPreBn}, {"post_act", Stem::kPostAct}};
    EXPECT_EQ(settings.stem, stems.at(params.at("stem")));
  }
}

// Variant `paper` of BRECQ (sections 3.2 and 3.3): the quantized path, and the Fisher weights.
TEST(ReconstructionSettingsTest, BrecqsPaperDiffersFromItsCode) {
  for (const ParamSpec& spec : QuantizerRegistry::Get("brecq").declaration.params) {
    const bool differs =
        spec.variants.contains("paper") && spec.variants.at("paper") != DefaultOf(spec);
    EXPECT_EQ(differs, spec.name == "act_inputs" || spec.name == "output_error") << spec.name;
  }
}

// BRECQ's quant_layer.py without any learning: p 2.4, 80 shares of minimum and maximum.
TEST(ReconstructionSettingsTest, LpSearchesAsBrecqDoes) {
  const auto& entry = QuantizerRegistry::Get("lp");
  const Json params = DefaultsOf(entry.declaration);
  ExpectSame(params, {{"p", 2.4}, {"search", "shrink_both"}}, "lp");
  torch::manual_seed(1);
  const Teacher teacher = TinyTeacher();
  const torch::Tensor images = torch::randn({6, 3, 8, 8});
  const Protocol protocol;
  QuietProgress progress;
  NoCheckpoints none;
  SoloGroup alone;
  const QuantizedNetwork network = entry
                                       .function({.teacher = teacher,
                                                  .images = images,
                                                  .setting = {protocol, false, 3, 3},
                                                  .random = RandomStreams(0),
                                                  .progress = progress,
                                                  .checkpoints = none,
                                                  .group = alone},
                                                 params)
                                       .network;
  const RangeEstimatorSettings search{
      .kind = RangeEstimator::kShrinkBoth, .p = 2.4, .step = 0.01, .candidates = 80};
  for (const auto& [node, weight] : network.weights()) {
    const torch::Tensor& full =
        teacher.graph.nodes[static_cast<size_t>(node)].parameters.at("weight");
    EXPECT_TRUE(
        torch::equal(weight.grid.inverse_scale, EstimateGrid(full, 3, search, true).inverse_scale))
        << node;
  }
}

}  // namespace
}  // namespace zerosweep
