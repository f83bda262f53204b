#include "engine/training/fidelity.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace zerosweep {
namespace {

double SumOf(const torch::Tensor& values) { return values.sum(torch::kFloat64).item<double>(); }

// N or N×H×W → for each image the mean over its pixels, N.
torch::Tensor PerImage(const torch::Tensor& values) {
  return values.to(torch::kFloat64).reshape({values.size(0), -1}).mean(1);
}

// Two outputs of zero are alike; one alone has no direction.
torch::Tensor Cosines(const torch::Tensor& t, const torch::Tensor& q) {
  const torch::Tensor product = (t * q).sum(1), norms = t.norm(2, 1) * q.norm(2, 1);
  return torch::where(norms > 0, product / norms, (t == q).all(1).to(torch::kFloat64));
}

torch::Tensor Overlaps(const torch::Tensor& in_t, const torch::Tensor& in_q) {
  const torch::Tensor shared = PerImage(in_t & in_q), any = PerImage(in_t | in_q);
  return torch::where(any > 0, shared / any, torch::ones_like(shared));
}

// KL(softmax(t) ‖ softmax(q)) over the channels.
torch::Tensor Divergences(const torch::Tensor& t, const torch::Tensor& q) {
  const torch::Tensor of_teacher = torch::log_softmax(t, 1);
  return (of_teacher.exp() * (of_teacher - torch::log_softmax(q, 1))).sum(1);
}

}  // namespace

void RequireOutput(OutputKind output, const torch::Tensor& outputs) {
  const int64_t wanted = output == OutputKind::kDense ? 4 : 2;
  const int64_t given = outputs.dim();
  if (given == wanted) return;
  const std::string advice = given == 4   ? ": say output: dense"
                             : given == 2 ? ": say output: classes or embedding"
                                          : fmt::format(", and no kind of output has {}", given);
  FailTrial(Failure::kConfiguration,
            "the network gives outputs of {} dimensions, those of kind {} have {}{}", given,
            ToString(output), wanted, advice);
}

// Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", eq. 1.5: joins two
// parts by their means.
void ImageMean::Add(const torch::Tensor& values) {
  const auto n = static_cast<double>(values.numel());
  if (n == 0) return;
  const torch::Tensor x = values.to(torch::kFloat64);
  const double mean = SumOf(x) / n, all = images_ + n;
  const double apart = mean - mean_;
  squares_ += SumOf((x - mean).square()) + apart * apart * images_ * n / all;
  mean_ += apart * n / all;
  images_ = all;
}

std::optional<double> ImageMean::standard_error() const {
  if (images_ < 2) return std::nullopt;
  return std::sqrt(squares_ / (images_ - 1) / images_);
}

torch::Tensor Fidelity::Scores(const torch::Tensor& t, const torch::Tensor& q) const {
  if (output_ == OutputKind::kEmbedding) return Cosines(t, q);
  if (!has_classes()) return 100 * Overlaps(t > threshold_, q > threshold_);
  return 100 * PerImage(t.argmax(1) == q.argmax(1));
}

void Fidelity::Add(const torch::Tensor& teacher, const torch::Tensor& quantized) {
  const torch::NoGradGuard no_grad;
  RequireOutput(output_, teacher);
  const torch::Tensor t = teacher.to(torch::kFloat64), q = quantized.to(torch::kFloat64);
  channels_ = t.size(1);
  signal_ += SumOf(t.square());
  noise_ += SumOf((t - q).square());
  score_.Add(Scores(t, q));
  if (has_classes()) divergence_.Add(PerImage(Divergences(t, q)));
}

std::map<std::string, double> Fidelity::Metrics() const {
  const double decibels = 10 * std::log10(signal_ / noise_);
  std::map<std::string, double> metrics = {
      {Headline(), score_.mean()},
      {"sqnr", noise_ == 0 ? kMostSqnr : std::clamp(decibels, -kMostSqnr, kMostSqnr)}};
  if (const auto error = score_.standard_error()) metrics["score_se"] = *error;
  if (has_classes()) {
    // Rounding may give less than 0 for equal outputs.
    metrics["kl"] = std::max(0.0, divergence_.mean());
    if (const auto error = divergence_.standard_error()) metrics["kl_se"] = *error;
  }
  return metrics;
}

std::string Fidelity::Headline() const {
  if (output_ == OutputKind::kEmbedding) return "cosine";
  return has_classes() ? "agreement" : "iou";
}

}  // namespace zerosweep
