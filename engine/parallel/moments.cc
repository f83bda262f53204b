#include "engine/parallel/moments.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Per-channel values, shaped to broadcast over x.
torch::Tensor Along(const torch::Tensor& values, const torch::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = -1;
  return values.view(shape);
}

// One rank's own moments, computed by batch norm's kernel, which is vectorised over channels;
// var_mean would process all values one by one.
Moments OwnMoments(const torch::Tensor& x) {
  auto [mean, variance] = at::batch_norm_update_stats(x.detach(), /*running_mean=*/{},
                                                      /*running_var=*/{}, /*momentum=*/0);
  return {mean, variance};
}

Moments OwnMoments(const torch::Tensor& image_means, const torch::Tensor& squares, int64_t values) {
  const torch::Tensor mean = image_means.mean(0);
  const torch::Tensor within = squares / static_cast<double>(values);
  return {mean, (within + (image_means - mean).square()).mean(0)};
}

struct BatchMoments {
  std::vector<Moments> of;  // for each tensor, without gradient
  int64_t images = 0;       // on all ranks
};

BatchMoments OfAllRanks(Group& group, std::vector<Moments> own, int64_t own_images) {
  BatchMoments all{std::move(own), own_images};
  if (group.size() == 1) return all;
  // Ranks are weighted by their images, since maps of one layer have one size on all ranks.
  const torch::Tensor images =
      torch::full({1}, static_cast<double>(own_images), all.of.front().mean.options());
  tensor_list sums = {images}, squares;
  for (const Moments& of : all.of) sums.push_back(of.mean * static_cast<double>(own_images));
  group.Reduce(sums, Group::Reduction::kSum);
  all.images = std::llround(images.item<double>());
  for (size_t i = 0; i < all.of.size(); ++i) {
    const torch::Tensor mean = sums[i + 1] / images;
    squares.push_back((all.of[i].variance + (all.of[i].mean - mean).square()) *
                      static_cast<double>(own_images));
    all.of[i].mean = mean;
  }
  group.Reduce(squares, Group::Reduction::kSum);
  for (size_t i = 0; i < all.of.size(); ++i) all.of[i].variance = squares[i] / images;
  return all;
}

// Number of values per channel in all ranks' tensors like x.
double CountOf(const torch::Tensor& x, int64_t images) {
  return static_cast<double>(images * (x.numel() / (x.size(0) * x.size(1))));
}

// With μ_b and q_b of image b, n images and p values of each:
//   μ = Σ μ_b / n             ∂μ/∂μ_b = 1/n
//   v = Σ (q_b/p + (μ_b − μ)²) / n
//                             ∂v/∂μ_b = 2(μ_b − μ)/n, ∂v/∂q_b = 1/(n·p)
// `tensors`: μ_b and q_b of each layer in turn.
struct MomentsFunction : torch::autograd::Function<MomentsFunction> {
  static tensor_list forward(AutogradContext* context, int64_t group,
                             const std::vector<int64_t>& values, at::TensorList tensors) {
    std::vector<Moments> own;
    for (size_t i = 0; i < values.size(); ++i)
      own.push_back(OwnMoments(tensors[2 * i], tensors[2 * i + 1], values[i]));
    const BatchMoments moments =
        OfAllRanks(*reinterpret_cast<Group*>(group), std::move(own), tensors.front().size(0));
    tensor_list saved, results;
    for (size_t i = 0; i < values.size(); ++i) {
      const Moments& of = moments.of[i];
      saved.push_back(tensors[2 * i] - of.mean);
      results.insert(results.end(), {of.mean, of.variance});
    }
    context->save_for_backward(saved);
    context->saved_data["group"] = group;
    context->saved_data["images"] = moments.images;
    context->saved_data["values"] = values;
    return results;
  }

  static tensor_list backward(AutogradContext* context, tensor_list upstream) {
    const tensor_list deviations = context->get_saved_variables();
    const std::vector<int64_t> values = context->saved_data["values"].toIntVector();
    const auto images = static_cast<double>(context->saved_data["images"].toInt());
    auto& group = *reinterpret_cast<Group*>(context->saved_data["group"].toInt());
    if (group.size() > 1) {
      for (torch::Tensor& gradient : upstream) gradient = gradient.clone();
      group.Reduce(upstream, Group::Reduction::kSum);
    }
    tensor_list gradients = {{}, {}};
    for (size_t i = 0; i < values.size(); ++i) {
      const torch::Tensor mean = upstream[2 * i] / images, variance = upstream[2 * i + 1] / images;
      gradients.push_back(torch::addcmul(mean, deviations[i], variance, 2));
      gradients.push_back(
          (variance / static_cast<double>(values[i])).expand_as(deviations[i]).contiguous());
    }
    return gradients;
  }
};

// dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)), means over all ranks.
struct BatchNormFunction : torch::autograd::Function<BatchNormFunction> {
  static torch::Tensor forward(AutogradContext* context, int64_t group, const torch::Tensor& x,
                               const torch::Tensor& gamma, const torch::Tensor& beta,
                               double epsilon) {
    const BatchMoments moments =
        OfAllRanks(*reinterpret_cast<Group*>(group), {OwnMoments(x)}, x.size(0));
    const auto& [mean, variance] = moments.of.front();
    const torch::Tensor inverse = (variance + epsilon).rsqrt();
    context->save_for_backward({x, gamma, mean, inverse});
    context->saved_data["group"] = group;
    context->saved_data["images"] = moments.images;
    const torch::Tensor slope = inverse * gamma;
    return torch::addcmul(Along(beta - mean * slope, x), x, Along(slope, x));
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& upstream) {
    const tensor_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &gamma = saved[1], &mean = saved[2], &inverse = saved[3];
    std::vector<int64_t> over = {0};
    for (int64_t d = 2; d < x.dim(); ++d) over.push_back(d);
    const torch::Tensor normal = (x - Along(mean, x)) * Along(inverse, x);
    const torch::Tensor own_beta = upstream[0].sum(over);
    const torch::Tensor own_gamma = (upstream[0] * normal).sum(over);
    torch::Tensor all_beta = own_beta.clone(), all_gamma = own_gamma.clone();
    reinterpret_cast<Group*>(context->saved_data["group"].toInt())
        ->Reduce({all_beta, all_gamma}, Group::Reduction::kSum);
    const double n = CountOf(x, context->saved_data["images"].toInt());
    const torch::Tensor dx = Along(gamma * inverse, x) * (upstream[0] - Along(all_beta / n, x) -
                                                          normal * Along(all_gamma / n, x));
    return {{}, dx, own_gamma, own_beta, {}};
  }
};

}  // namespace

std::vector<Moments> GlobalMoments(Group& group, const std::vector<ImageMoments>& tensors) {
  tensor_list parts;
  std::vector<int64_t> values;
  for (const ImageMoments& of : tensors) {
    parts.insert(parts.end(), {of.mean, of.squares});
    values.push_back(of.values);
  }
  const tensor_list flat =
      MomentsFunction::apply(reinterpret_cast<int64_t>(&group), values, at::TensorList(parts));
  std::vector<Moments> moments;
  for (size_t i = 0; i < tensors.size(); ++i) moments.push_back({flat[2 * i], flat[2 * i + 1]});
  return moments;
}

torch::Tensor GlobalBatchNorm(Group& group, const torch::Tensor& x, const torch::Tensor& gamma,
                              const torch::Tensor& beta, double epsilon) {
  if (group.size() == 1) {
    return torch::batch_norm(x, gamma, beta, /*running_mean=*/{}, /*running_var=*/{},
                             /*training=*/true, /*momentum=*/0, epsilon, /*cudnn_enabled=*/true);
  }
  const auto options = x.options().memory_format(c10::nullopt);
  const torch::Tensor one = gamma.defined() ? gamma : torch::ones({x.size(1)}, options);
  const torch::Tensor zero = beta.defined() ? beta : torch::zeros({x.size(1)}, options);
  return BatchNormFunction::apply(reinterpret_cast<int64_t>(&group), x, one, zero, epsilon);
}

}  // namespace zerosweep
