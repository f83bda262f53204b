#include "engine/generative/class_generator.h"

#include "engine/parallel/moments.h"
#include "engine/synthesis/generator_layers.h"
#include "engine/synthesis/initial_parameters.h"

namespace zerosweep {
namespace {

constexpr int64_t kSeedChannels = 128;
constexpr int64_t kHiddenChannels = 64;
constexpr double kLeak = 0.2;
constexpr double kEpsilon = 1e-5;
constexpr double kInnerEpsilon = 0.8;

}  // namespace

ClassGenerator::ClassGenerator(const Shape& shape, const RandomStreams& random,
                               const torch::TensorOptions& options)
    : shape_(shape) {
  const int64_t channels = shape.image.at(0);
  const auto keep = [&](torch::Tensor parameter) {
    parameters_.push_back(parameter);
    return parameter;
  };
  const auto uniform = [&](at::IntArrayRef of, int64_t fan_in, std::string_view purpose) {
    return keep(UniformParameter(of, fan_in, random.Shared(0, purpose), options));
  };
  const auto norm = [&](int64_t size, double epsilon) -> Norm {
    std::vector<int64_t> of = {size};
    if (shape.conditional) of.insert(of.begin(), shape.classes);
    return {keep(ConstantParameter(of, 1, options)), keep(ConstantParameter(of, 0, options)),
            epsilon};
  };
  const int64_t seed_values =
      kSeedChannels * SeedSide(shape.image.at(1)) * SeedSide(shape.image.at(2));
  linear_weight_ = uniform({seed_values, shape.inputs}, shape.inputs, "generator.linear.weight");
  linear_bias_ = uniform({seed_values}, shape.inputs, "generator.linear.bias");
  norm0_ = norm(kSeedChannels, kEpsilon);
  weight1_ =
      uniform({kSeedChannels, kSeedChannels, 3, 3}, kSeedChannels * 9, "generator.conv1.weight");
  norm1_ = norm(kSeedChannels, kInnerEpsilon);
  weight2_ =
      uniform({kHiddenChannels, kSeedChannels, 3, 3}, kSeedChannels * 9, "generator.conv2.weight");
  norm2_ = norm(kHiddenChannels, kInnerEpsilon);
  weight3_ =
      uniform({channels, kHiddenChannels, 3, 3}, kHiddenChannels * 9, "generator.conv3.weight");
  bias3_ = uniform({channels}, kHiddenChannels * 9, "generator.conv3.bias");
}

torch::Tensor ClassGenerator::Normalise(Group& group, const Norm& norm, const torch::Tensor& x,
                                        const torch::Tensor& mixture) const {
  if (!shape_.conditional) return GlobalBatchNorm(group, x, norm.gamma, norm.beta, norm.epsilon);
  const torch::Tensor plain = GlobalBatchNorm(group, x, {}, {}, norm.epsilon);
  const auto of_images = [&](const torch::Tensor& table) {
    return mixture.matmul(table).unsqueeze(2).unsqueeze(3);
  };
  return plain * of_images(norm.gamma) + of_images(norm.beta);
}

torch::Tensor ClassGenerator::Images(Group& group, const torch::Tensor& inputs,
                                     const torch::Tensor& mixture) const {
  const int64_t height = shape_.image[1], width = shape_.image[2];
  torch::Tensor x =
      SeedMaps(inputs, linear_weight_, linear_bias_, SeedSide(height), SeedSide(width));
  const auto activated = [&](const Norm& norm, const torch::Tensor& of) {
    return torch::leaky_relu(Normalise(group, norm, of, mixture), kLeak);
  };
  x = Normalise(group, norm0_, x, mixture);
  x = activated(norm1_, ConvolveTwiceAsLarge(x, weight1_));
  x = activated(norm2_, ConvolveTwiceAsLarge(x, weight2_));
  x = torch::tanh(torch::conv2d(x, weight3_, bias3_, /*stride=*/1, /*padding=*/1));
  x = CentreCrop(x, height, width);
  return GlobalBatchNorm(group, x, {}, {}, kEpsilon);
}

}  // namespace zerosweep
