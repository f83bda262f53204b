#include "methods/genie/generator.h"

#include "engine/synthesis/generator_layers.h"
#include "engine/synthesis/initial_parameters.h"

namespace zerosweep {
namespace {

constexpr int64_t kSeedChannels = 128;
constexpr int64_t kHiddenChannels = 64;
constexpr double kLeak = 0.2;
constexpr double kBatchNormEpsilon = 1e-5;  // PyTorch's default

torch::Tensor Normalise(const torch::Tensor& x, const torch::Tensor& gamma = {},
                        const torch::Tensor& beta = {}) {
  return torch::batch_norm(x, gamma, beta, /*running_mean=*/{}, /*running_var=*/{},
                           /*training=*/true, /*momentum=*/0, kBatchNormEpsilon,
                           /*cudnn_enabled=*/true);
}

}  // namespace

Generator::Generator(const std::vector<int64_t>& image_shape, int64_t latent_size,
                     const RandomStreams& random, uint64_t draw, torch::Device device,
                     Precision precision)
    : height_(image_shape.at(1)), width_(image_shape.at(2)), precision_(precision) {
  const int64_t channels = image_shape.at(0);
  const torch::TensorOptions options = torch::TensorOptions(torch::kFloat32).device(device);
  const auto uniform = [&](at::IntArrayRef shape, int64_t fan_in, std::string_view purpose) {
    return UniformParameter(shape, fan_in, random.Shared(draw, purpose), options);
  };
  const int64_t seed_values = kSeedChannels * SeedSide(height_) * SeedSide(width_);
  linear_weight_ = uniform({seed_values, latent_size}, latent_size, "generator.linear.weight");
  linear_bias_ = uniform({seed_values}, latent_size, "generator.linear.bias");
  weight1_ =
      uniform({kHiddenChannels, kSeedChannels, 3, 3}, kSeedChannels * 9, "generator.conv1.weight");
  weight2_ =
      uniform({channels, kHiddenChannels, 3, 3}, kHiddenChannels * 9, "generator.conv2.weight");
  bias2_ = uniform({channels}, kHiddenChannels * 9, "generator.conv2.bias");
  gamma1_ = ConstantParameter({kSeedChannels}, 1, options);
  beta1_ = ConstantParameter({kSeedChannels}, 0, options);
  gamma2_ = ConstantParameter({kHiddenChannels}, 1, options);
  beta2_ = ConstantParameter({kHiddenChannels}, 0, options);
}

std::vector<torch::Tensor> Generator::Parameters() const {
  return {linear_weight_, linear_bias_, gamma1_,  beta1_, weight1_,
          gamma2_,        beta2_,       weight2_, bias2_};
}

torch::Tensor Generator::Images(const torch::Tensor& latents) const {
  torch::Tensor x =
      SeedMaps(latents, linear_weight_, linear_bias_, SeedSide(height_), SeedSide(width_));
  x = ConvolveTwiceAsLarge(Normalise(x, gamma1_, beta1_), weight1_, {}, precision_);
  x = torch::leaky_relu(Normalise(x, gamma2_, beta2_), kLeak);
  x = torch::tanh(ConvolveTwiceAsLarge(x, weight2_, bias2_, precision_));
  return Normalise(CentreCrop(x, height_, width_));
}

}  // namespace zerosweep
