#include "engine/training/fidelity.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace zerosweep {
namespace {

double SumOf(const torch::Tensor& values) { return values.sum(torch::kFloat64).item<double>(); }

// For each image Σ over pixels, N.
torch::Tensor PixelsOf(const torch::Tensor& mask) { return mask.flatten(1).sum(1); }

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

void Fidelity::Add(const torch::Tensor& teacher, const torch::Tensor& quantized) {
  const torch::NoGradGuard no_grad;
  RequireOutput(output_, teacher);
  const torch::Tensor t = teacher.to(torch::kFloat64), q = quantized.to(torch::kFloat64);
  channels_ = t.size(1);
  images_ += t.size(0);
  signal_ += SumOf(t.square());
  noise_ += SumOf((t - q).square());
  if (output_ == OutputKind::kEmbedding) {
    const torch::Tensor product = (t * q).sum(1), norms = t.norm(2, 1) * q.norm(2, 1);
    // Two outputs of zero are alike; one alone has no direction.
    const torch::Tensor both_zero = (t == q).all(1).to(torch::kFloat64);
    cosine_ += SumOf(torch::where(norms > 0, product / norms, both_zero));
    return;
  }
  if (!has_classes()) {
    const torch::Tensor in_t = t > threshold_, in_q = q > threshold_;
    const torch::Tensor shared = PixelsOf(in_t & in_q).to(torch::kFloat64),
                        any = PixelsOf(in_t | in_q);
    overlap_ += SumOf(torch::where(any > 0, shared / any, torch::ones_like(shared)));
    return;
  }
  const torch::Tensor agreeing = t.argmax(1) == q.argmax(1);
  decisions_ += agreeing.numel();
  agreeing_ += agreeing.sum().item<int64_t>();
  const torch::Tensor of_teacher = torch::log_softmax(t, 1);
  divergence_ += SumOf(of_teacher.exp() * (of_teacher - torch::log_softmax(q, 1)));
}

std::map<std::string, double> Fidelity::Metrics() const {
  const auto n = static_cast<double>(images_);
  const double decibels = 10 * std::log10(signal_ / noise_);
  std::map<std::string, double> metrics = {
      {"sqnr", noise_ == 0 ? kMostSqnr : std::clamp(decibels, -kMostSqnr, kMostSqnr)}};
  if (output_ == OutputKind::kEmbedding) {
    metrics["cosine"] = cosine_ / n;
  } else if (!has_classes()) {
    metrics["iou"] = 100 * overlap_ / n;
  } else {
    const auto decisions = static_cast<double>(decisions_);
    metrics["agreement"] = 100 * static_cast<double>(agreeing_) / decisions;
    // Rounding may give less than 0 for equal outputs.
    metrics["kl"] = std::max(0.0, divergence_ / decisions);
  }
  return metrics;
}

std::string Fidelity::Headline() const {
  if (output_ == OutputKind::kEmbedding) return "cosine";
  return has_classes() ? "agreement" : "iou";
}

}  // namespace zerosweep
