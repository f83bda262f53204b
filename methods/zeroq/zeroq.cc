// ZeroQ: A Novel Zero Shot Quantization Framework (Cai et al., CVPR 2020), distilled data. Images
// are optimised until the statistics of every batch norm's input match its running statistics.
#include <torch/types.h>

#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/pixels.h"

namespace zerosweep {
namespace {

struct ZeroQSettings {
  PixelSettings pixels;
  bool gaussian = false;  // images begin as N(0, 1)
};

// L = Σ_l (1/B) Σ_b [‖μ_{b,l} − m_l‖² + ‖σ_{b,l} − s_l‖²]
// plus the same for the image itself, against mean 0 and std 1 (paper eq. 3; the released
// distill_data.py takes the statistics of each image, not of the batch).
torch::Tensor Loss(const Graph& graph, const torch::Tensor& x) {
  torch::Tensor loss = PerImageMismatch(PerImageStatistics(MomentsByImage(x), "image"),
                                        torch::zeros(1, x.options()), torch::ones(1, x.options()));
  VisitBatchNorms(graph, x, "zeroq", [&](const Node& bn, const ImageMoments& moments) {
    loss = loss + PerImageMismatch(PerImageStatistics(moments, bn.name),
                                   bn.parameters.at("running_mean"), RunningStd(bn));
  });
  return loss;
}

torch::Tensor InitialImages(const SynthesisContext& context, const ImageBatch& batch,
                            bool gaussian) {
  const std::vector<int64_t> shape = context.teacher.graph.BatchShape(batch.count);
  const auto first = static_cast<uint64_t>(batch.first);
  if (gaussian) return context.random.NormalForSamples(0, "initial_image", shape, first);
  // Uniform integers 0…254, shifted to zero mean and divided by 5418.75, the variance, instead of
  // the standard deviation: values within ±0.0235 (code).
  return context.random.FillForSamples(
      0, "initial_image", shape, first, [](RandomSequence& sequence) {
        return (static_cast<float>(sequence.Below(255)) - 127.5F) / 5418.75F;
      });
}

class Distillation final : public PixelOptimisation {
 public:
  Distillation(const SynthesisContext& context, const ZeroQSettings& settings,
               const ImageBatch& batch)
      : PixelOptimisation(context, settings.pixels,
                          InitialImages(context, batch, settings.gaussian)),
        graph_(context.teacher.graph) {}

 private:
  std::map<std::string, torch::Tensor> Terms(const torch::Tensor& x, int64_t) const override {
    return {{"loss", Loss(graph_, x)}};
  }

  const Graph& graph_;
};

SyntheticData Synthesize(const SynthesisContext& context, const ZeroQSettings& settings) {
  const BatchSettings& batches = settings.pixels.batches;
  SyntheticData data = SynthesizeInBatches(
      context, "zeroq", batches, [&](const SynthesisContext& own, const ImageBatch& batch) {
        return std::make_unique<Distillation>(own, settings, batch);
      });
  const torch::NoGradGuard no_grad;
  data.metrics["final_loss"] =
      Loss(context.teacher.graph, data.images.slice(0, 0, batches.batch)).item<double>();
  return data;
}

const char* const kCode = "authors' code, classification/distill_data.py";

Params<ZeroQSettings> ZeroQParams() {
  return {
      Part(&ZeroQSettings::pixels,
           PixelParams(
               {.images = "authors' run.sh", .iterations = kCode, .lr = kCode, .plateau = kCode})),
      Bind(&ZeroQSettings::gaussian,
           {.name = "init",
            .default_value = "scaled_uniform",
            .meaning = "scaled_uniform: near-zero noise within ±0.0235; gaussian: N(0, 1)",
            .source = "code: distill_data.py; paper: section 3.1",
            .variants = {{"code", "scaled_uniform"}, {"paper", "gaussian"}}},
           {{"scaled_uniform", false}, {"gaussian", true}})};
}

const RegisterSynthesizer kZeroQ{
    {.name = "zeroq",
     .summary = "images whose batch-norm statistics match the teacher's running statistics",
     .paper = "ZeroQ (Cai et al., CVPR 2020)",
     .revision = 1,
     .uses_seed = true,
     .limits = {NeedsBatchNorms(), NeedsMaps()}},
    ZeroQParams(),
    Synthesize};

}  // namespace
}  // namespace zerosweep
