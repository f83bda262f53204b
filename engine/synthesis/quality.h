// How varied a set of calibration images is, and how sure the teacher is of it: seen before a
// quantization is spent on it.
#pragma once

#include <map>
#include <string>

#include "engine/graph/teacher.h"

namespace zerosweep {

// Metrics of images (N×C×H×W, in the teacher's normalised space):
// - class_entropy: entropy of the predicted classes' shares, nats: 0 (all of one class) to ln K.
// - confidence: mean over images of the largest softmax probability.
// - bn_spread: how far images differ in their batch-norm statistics. For each batch norm and
//   channel, the standard deviation over images (N − 1) of the image's mean, averaged with that of
//   its standard deviation over H·W; summed over channels and divided by the sum of the running
//   standard deviations (a ratio of sums: channels that are nearly dead cannot dominate); averaged
//   over batch norms. Of 1×1 maps, the mean alone. Absent without batch norms, or for one image.
// The same images give the same values on one machine and thread count.
std::map<std::string, double> MeasureQuality(const Teacher& teacher, const torch::Tensor& images);

}  // namespace zerosweep
