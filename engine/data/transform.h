// From stored bytes to the input of a network.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "engine/random/streams.h"

namespace zerosweep {

// Per-channel constants in units of [0, 1] pixels.
struct Normalisation {
  std::vector<double> mean;
  std::vector<double> std;
};

// (x/255 − mean)/std as float32; uint8_images: N×C×H×W. Throws kUsage when the number of constants
// is not C or a std is not positive.
torch::Tensor Normalise(const torch::Tensor& uint8_images, const std::vector<double>& mean,
                        const std::vector<double>& std);

// Turns an image file into a network's input, in colour or (one channel) in grey: the shorter side
// is resized to `resize` pixels, and the central square of `crop` pixels is taken. For a network
// whose images are no squares: the whole image is resized to `height` × `width`.
struct EvalTransform {
  int64_t resize = 0;
  int64_t crop = 0;
  int64_t channels = 3;
  int64_t height = 0, width = 0;  // 0: a square of `crop` pixels

  bool square() const { return height == 0; }
};

struct Augmentation {
  int64_t padding = 4;  // zero pixels on each side before the crop back to H×W; 0 = no crop
  bool flip = true;     // mirror left-right with probability ½
};

// Returns randomly cropped and mirrored copies of the images (uint8, contiguous, on the CPU), whose
// places in their dataset are `indices`. The draw of an image depends on the streams' seed, `step`
// and the image's own index, not on its batch.
torch::Tensor Augment(const torch::Tensor& images, const std::vector<int64_t>& indices,
                      const Augmentation& augmentation, const RandomStreams& streams,
                      uint64_t step);

}  // namespace zerosweep
