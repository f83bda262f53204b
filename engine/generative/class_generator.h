// The generator of GDFQ (Xu et al., ECCV 2020; authors' code), which FDDA, ClusterQ and Qimera
// share.
#pragma once

#include <torch/types.h>

#include <vector>

#include "engine/parallel/group.h"
#include "engine/random/streams.h"

namespace zerosweep {

// The layers, in order:
//   linear from the inputs to 128×⌈H/4⌉×⌈W/4⌉ → norm
//   upsample ×2 → conv 3×3 to 128 → norm → LeakyReLU 0.2
//   upsample ×2 → conv 3×3 to 64 → norm → LeakyReLU 0.2
//   conv 3×3 to C → tanh → the middle H×W (generator_layers.h) → batch norm without γ and β
// The images are in the teacher's normalised space, with mean 0 and variance 1 in each channel of a
// batch. Norms always use the statistics of the (global) batch. ε is 1e-5 in the first and last
// norm and 0.8 in the two between (in the released code, a momentum passed in the place of ε).
// Convolutions before a norm have no bias, since the norm would remove it.
class ClassGenerator {
 public:
  struct Shape {
    std::vector<int64_t> image;  // C×H×W
    int64_t inputs = 0;
    int64_t classes = 0;
    bool conditional = false;  // norms have separate γ and β for each class
  };
  // Parameters are initialised with PyTorch's defaults; `options`: type and device.
  ClassGenerator(const Shape& shape, const RandomStreams& random,
                 const torch::TensorOptions& options);

  const std::vector<torch::Tensor>& Parameters() const { return parameters_; }

  // inputs: N×inputs. mixture: N×classes, the weights of the classes' γ and β for each image; used
  // only by conditional norms. Returns N×C×H×W, channels last.
  torch::Tensor Images(Group& group, const torch::Tensor& inputs,
                       const torch::Tensor& mixture) const;

 private:
  struct Norm {
    torch::Tensor gamma, beta;  // channels, or classes × channels
    double epsilon = 0;
  };
  torch::Tensor Normalise(Group& group, const Norm& norm, const torch::Tensor& x,
                          const torch::Tensor& mixture) const;

  Shape shape_;
  torch::Tensor linear_weight_, linear_bias_, weight1_, weight2_, weight3_, bias3_;
  Norm norm0_, norm1_, norm2_;
  std::vector<torch::Tensor> parameters_;  // the same tensors
};

}  // namespace zerosweep
