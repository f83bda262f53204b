// PD-Quant: Post-Training Quantization Based on Prediction Difference Metric (Liu et al., CVPR
// 2023, arXiv:2212.07048): QDrop's reconstruction towards corrected full-precision units, plus the
// change of the network's prediction that quantizing the unit causes:
//
//   L = rec(ŷ, y_dc) + (1/lamb_r)·KL(softmax(O_fp/T) ‖ softmax(O_q/T)) + λ·rounding
//
// O_fp: logits of the uncorrected image. O_q: logits from the soft unit on the quantized path's
// input, followed by the rest of the network in full precision. KL is a mean over the batch,
// without a factor T² (released code).
#include <torch/types.h>

#include "base/error.h"
#include "engine/graph/subgraph.h"
#include "engine/import/safetensors.h"
#include "engine/reconstruction/prediction_divergence.h"
#include "engine/reconstruction/reconstruction_limits.h"
#include "methods/reconstruction_loops.h"

namespace zerosweep {

namespace {

constexpr const char* kPdQuantSource = "authors' code, run_script.py";
constexpr int64_t kBatch = 64;  // images per teacher pass
constexpr const char* kBlocksAlone =
    "its correction is made for the blocks found from the graph: leave `units` and `max_unit_macs` "
    "alone";

}  // namespace

Params<PdQuantSettings> PdQuantParams() {
  return {Part(&PdQuantSettings::base,
               {ReconstructionParams(
                    {.lr_rounding = 3e-3, .act_init_images = 256, .source = kPdQuantSource}),
                Part(&ReconstructionBase::phase, DropParams(kPdQuantSource))}),
          Bind(&PdQuantSettings::temperature,
               {.name = "temperature",
                .default_value = 4.0,
                .meaning =
                    "T of the prediction difference (ResNets, RegNets 4; MobileNetV2, MNasNet 1)",
                .source = kPdQuantSource,
                .min = 1e-6}),
          Bind(&PdQuantSettings::lamb_r,
               {.name = "lamb_r",
                .default_value = 0.1,
                .meaning = "divides the prediction difference; 0: leaves it out",
                .source = kPdQuantSource,
                .min = 0})};
}

ReconstructionSettings PdQuantLoop(const QuantizationContext& context,
                                   const PdQuantSettings& settings) {
  return LoopOf(context, settings.base);
}

namespace {

class PredictionDifference : public UnitObjective {
 public:
  PredictionDifference(const QuantizationContext& context, const PdQuantSettings& settings)
      : divergence_(context, settings.temperature, kBatch), lamb_r_(settings.lamb_r) {
    if (const auto found = context.inputs.find("correction"); found != context.inputs.end())
      corrected_ = ReadSafetensors(found->second / "correction.safetensors");
  }

  void BeginUnit(const Phase&, const Unit& unit, const Student&, UnitCaches& caches) override {
    divergence_.BeginUnit(unit);
    if (corrected_.empty()) return;
    const auto found = corrected_.find(unit.name);
    if (found == corrected_.end() || found->second.sizes() != caches.x_fp.sizes())
      Fail(ErrorKind::kStorage, "pd_quant: the correction has no inputs for unit {}", unit.name);
    const torch::NoGradGuard no_grad;
    caches.x_fp = found->second.to(caches.x_fp.device());
    caches.y = Run(Extract(divergence_.graph(), unit.input, unit.output).graph, caches.x_fp);
  }

  torch::Tensor ExtraLoss(const UnitCaches& caches, const torch::Tensor& indices,
                          const Student& student) override {
    if (lamb_r_ == 0) return {};
    return divergence_.Of(student(caches.x_q.index_select(0, indices)), indices) / lamb_r_;
  }

 private:
  PredictionDivergence divergence_;
  double lamb_r_;
  std::map<std::string, torch::Tensor> corrected_;
};

Quantization Quantize(const QuantizationContext& context, const PdQuantSettings& settings) {
  const ReconstructionSettings loop = PdQuantLoop(context, settings);
  const bool blocks = loop.units == "blocks" && loop.max_unit_macs == 0;
  if (!blocks && context.inputs.contains("correction")) {
    Fail(ErrorKind::kUsage, "pd_quant: {}", kBlocksAlone);
  }
  PredictionDifference objective(context, settings);
  return Reconstruct(context, loop, &objective);
}

const RegisterQuantizer kPdQuant{
    {.name = "pd_quant",
     .summary = "reconstruction with the difference of the network's prediction, towards inputs "
                "corrected to the batch norms' statistics",
     .paper = "PD-Quant (Liu et al., CVPR 2023)",
     .revision = 2,
     .uses_seed = true,
     .needs = {"correction"},
     .limits = Concat({NeedsBatchNorms(),
                       NeedsMaps(),
                       {{{"param.units", "is_not", "blocks"}}, kBlocksAlone},
                       {{{"param.max_unit_macs", "is_not", 0}}, kBlocksAlone}},
                      ShortcutLimits())},
    PdQuantParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
