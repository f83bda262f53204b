#include "methods/dsg/objective.h"

#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/labels.h"

namespace zerosweep {
namespace {

constexpr int64_t kRoll = 30;  // pixels: TV sees a copy rolled by −30 … 29 (code)

}  // namespace

DsgObjective::DsgObjective(const SynthesisContext& context, const DsgSettings& settings,
                           const std::vector<Slack>& slacks, const ImageBatch& batch)
    : context_(context),
      settings_(settings),
      slacks_(slacks),
      batch_(batch),
      labels_(UniformLabels(context.random, context.teacher.classes, batch.first, batch.count)
                  .to(context.teacher.device())),
      weights_(EnhancementWeights(settings.enhancement, batch.first, batch.count,
                                  static_cast<int64_t>(slacks.size()))
                   .to(context.teacher.device())) {}

std::map<std::string, torch::Tensor> DsgObjective::Terms(const torch::Tensor& x,
                                                         int64_t iteration) const {
  std::map<std::string, torch::Tensor> terms;
  torch::Tensor logits;
  terms["alignment"] = Alignment(x, logits);
  if (settings_.ce_weight > 0)
    terms["ce"] = settings_.ce_weight * torch::cross_entropy_loss(logits, labels_);
  if (settings_.sci_weight > 0 && settings_.decorrelation) {
    terms["sci"] = settings_.sci_weight / static_cast<double>(slacks_.size()) * CorrelationLoss(x);
  }
  if (settings_.tv_weight > 0)
    terms["tv"] = settings_.tv_weight * TotalVariation(Rolled(x, iteration));
  if (settings_.l2_weight > 0)
    terms["l2"] =
        settings_.l2_weight * MeanNorm(x);  // the code rolls the copy, which keeps the norm
  return terms;
}

// SDA under LSE, and ZeroQ's term for the image itself, against mean 0 and std 1 without slack.
torch::Tensor DsgObjective::Alignment(const torch::Tensor& x, torch::Tensor& logits) const {
  const ImageStatistics image = PerImageStatistics(MomentsByImage(x), "image");
  torch::Tensor loss = AlignmentLoss(image.mean, image.variance, torch::zeros(1, x.options()),
                                     torch::ones(1, x.options()), {})
                           .mean();
  int64_t layer = 0;
  logits = VisitBatchNorms(
      context_.teacher.graph, x, "dsg", [&](const Node& bn, const ImageMoments& moments) {
        const ImageStatistics statistics = PerImageStatistics(moments, bn.name);
        const torch::Tensor each =
            AlignmentLoss(statistics.mean, statistics.variance, bn.parameters.at("running_mean"),
                          RunningStd(bn), slacks_.at(static_cast<size_t>(layer)));
        loss = loss + (each * weights_[layer]).mean();
        ++layer;
      });
  return loss;
}

// Rolls by the same number of pixels down and right, drawn at every step.
torch::Tensor DsgObjective::Rolled(const torch::Tensor& x, int64_t iteration) const {
  const int64_t step = batch_.index * settings_.pixels.batches.iterations + iteration;
  const int64_t offset = context_.random.Shared(static_cast<uint64_t>(step), "roll")
                             .Below(static_cast<uint32_t>(2 * kRoll)) -
                         kRoll;
  return torch::roll(x, {offset, offset}, {2, 3});
}

}  // namespace zerosweep
