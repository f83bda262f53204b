#include "engine/training/distillation.h"

namespace zerosweep {

double Distillation::ImageWeight(int64_t classes) const {
  return weight * temperature * temperature / (by_element ? static_cast<double>(classes) : 1.0);
}

torch::Tensor CrossEntropyShare(const torch::Tensor& logits, const torch::Tensor& labels,
                                int64_t batch) {
  return -(labels * torch::log_softmax(logits, 1)).sum() / static_cast<double>(batch);
}

StudentLoss LossOf(const torch::Tensor& logits, const TrainingBatch& batch,
                   const Distillation& settings) {
  const double t = settings.temperature;
  const auto images = static_cast<double>(batch.count);
  const torch::Tensor log_target = torch::log_softmax(batch.targets / t, 1);
  const torch::Tensor divergence =
      (log_target.exp() * (log_target - torch::log_softmax(logits / t, 1))).sum();
  const double terms = settings.by_element ? images * static_cast<double>(logits.size(1)) : images;
  return {divergence * (settings.weight * t * t / terms),
          CrossEntropyShare(logits, batch.labels, batch.count)};
}

Params<Distillation> DistillationParams(double weight, const std::string& reduction) {
  return {Bind(&Distillation::temperature, {.name = "temperature",
                                            .default_value = 20.0,
                                            .meaning = "T of the distillation",
                                            .min = 0.1}),
          Bind(&Distillation::weight, {.name = "distillation",
                                       .default_value = weight,
                                       .meaning = "α, where the cross-entropy has weight 1",
                                       .source = "1; FDDA and IntraQ: 20",
                                       .min = 0}),
          Bind(&Distillation::by_element,
               {.name = "reduction",
                .default_value = reduction,
                .meaning = "what the divergence is divided by: images and classes, or images",
                .source = "element: GDFQ, Qimera; batch: ClusterQ, FDDA, IntraQ"},
               {{"element", true}, {"batch", false}})};
}

torch::Tensor OneHot(const torch::Tensor& labels, int64_t classes,
                     const torch::TensorOptions& options) {
  return torch::one_hot(labels, classes).to(options);
}

}  // namespace zerosweep
