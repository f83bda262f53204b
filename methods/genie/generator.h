// The generator of GENIE (Jeon, Lee & Kim, CVPR 2023; authors' code): a small network, trained from
// scratch for each batch together with its latents.
#pragma once

#include <torch/types.h>

#include <string_view>
#include <vector>

#include "engine/graph/precision.h"
#include "engine/random/streams.h"

namespace zerosweep {

// The layers, in order:
//   z → linear to 128×⌈H/4⌉×⌈W/4⌉ → BN
//   upsample ×2 → conv 3×3 to 64 → BN → LeakyReLU 0.2
//   upsample ×2 → conv 3×3 to C → tanh → the middle H×W (generator_layers.h) → BN without γ and β
// The images are in the teacher's normalised space, with mean 0 and variance 1 in each channel of a
// batch. Batch norms always use the batch's statistics.
class Generator {
 public:
  // For images C×H×W. Parameters have PyTorch's defaults, U(±1/√fan_in), drawn as number `draw`.
  Generator(const std::vector<int64_t>& image_shape, int64_t latent_size,
            const RandomStreams& random, uint64_t draw, torch::Device device,
            Precision precision = Precision::kFloat32);

  std::vector<torch::Tensor> Parameters() const;  // shared handles that require a gradient
  // latents: N×latent_size. Returns N×C×H×W, channels last.
  torch::Tensor Images(const torch::Tensor& latents) const;

 private:
  int64_t height_, width_;  // image size
  Precision precision_;     // of the convolutions
  torch::Tensor linear_weight_, linear_bias_;
  torch::Tensor gamma1_, beta1_;
  torch::Tensor weight1_;  // no bias: the batch norm after it would remove it
  torch::Tensor gamma2_, beta2_;
  torch::Tensor weight2_, bias2_;
};

}  // namespace zerosweep
