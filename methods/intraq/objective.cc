#include "methods/intraq/objective.h"

#include <vector>

#include "engine/data/random_view.h"
#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/labels.h"

namespace zerosweep {

IntraqObjective::IntraqObjective(const SynthesisContext& context, const IntraqSettings& settings,
                                 const ImageBatch& batch)
    : context_(context),
      settings_(settings),
      batch_(batch),
      last_(FeatureLayer(context.teacher.graph)),
      labels_(UniformLabels(context.random, context.teacher.classes, batch.first, batch.count)
                  .to(context.teacher.device())),
      targets_(SoftTargets(context.random, settings.hard_targets, settings.epsilon, batch.first,
                           batch.count)
                   .to(context.teacher.device())) {
  if (!batch.finished.empty()) FindCentres();
}

void IntraqObjective::FindCentres() {
  std::vector<torch::Tensor> features;
  for (const torch::Tensor& images : batch_.finished)
    features.push_back(Features(context_.teacher, images));
  const torch::Tensor all = torch::cat(features);
  const ClassCentres classes =
      MeanFeatures(all, UniformLabels(context_.random, context_.teacher.classes, 0, all.size(0)),
                   context_.teacher.classes);
  centres_ = classes.centres.index_select(0, labels_);
  mask_ = classes.known.index_select(0, labels_);
}

torch::Tensor IntraqObjective::Seen(const torch::Tensor& x, int64_t iteration) const {
  const auto step =
      static_cast<uint64_t>(batch_.index * settings_.pixels.batches.iterations + iteration);
  const double probability = settings_.reinforcement;
  const bool each = settings_.coin_each_image;
  if (!each && context_.random.Shared(step, "reinforcement").Uniform() >= probability) return x;
  const int64_t height = x.size(2), width = x.size(3);
  std::vector<View> views(static_cast<size_t>(batch_.count), View{{0, 0, height, width}});
  for (int64_t i = 0; i < batch_.count; ++i) {
    RandomSequence draws =
        context_.random.ForSample(step, "view", static_cast<uint64_t>(batch_.first + i));
    if (each && draws.Uniform() >= probability) continue;
    views[i] = RandomView(height, width, settings_.eta, settings_.flip, draws);
  }
  return ResizedViews(x, views);
}

// Mismatch with biased variances of the whole batch and no term for the image itself (authors'
// code, distill_data.py):
//   L_mean = (1/L) Σ_l (1/C_l) ‖μ̃_l − μ_l‖²
//   L_variance = (1/L) Σ_l (1/C_l) ‖σ̃²_l − σ²_l‖²
std::map<std::string, torch::Tensor> IntraqObjective::Terms(const torch::Tensor& seen) const {
  torch::Tensor features, mean = torch::zeros({}, seen.options()), variance = mean;
  ForwardHooks hooks;
  hooks.replace_input = [&](int node, int, const torch::Tensor& input) {
    if (node == last_) features = input.flatten(1);
    return input;
  };
  const torch::Tensor output = VisitBatchNormInputs(
      context_.teacher.graph, seen, "intraq",
      [&](const Node& bn, const torch::Tensor& input) {
        const BatchStatistics batch = BiasedBatchStatistics(input);
        mean = mean + (batch.mean - bn.parameters.at("running_mean")).square().mean();
        variance = variance + (batch.variance - bn.parameters.at("running_var")).square().mean();
      },
      hooks);
  const torch::Tensor logits = output.flatten(1);  // for a convolution that no flatten follows
  const auto layers = static_cast<double>(context_.teacher.graph.BatchNorms().size());
  std::map<std::string, torch::Tensor> terms = {
      {"bn_mean", mean / layers},
      {"bn_variance", variance / layers},
      {"inception", InceptionLoss(logits, labels_, targets_)}};
  if (centres_.defined()) {
    const Margins margins =
        MarginLoss(features, centres_, mask_, settings_.lambda_lower, settings_.lambda_upper);
    terms["margin_lower"] = margins.lower;
    terms["margin_upper"] = margins.upper;
  }
  return terms;
}

}  // namespace zerosweep
