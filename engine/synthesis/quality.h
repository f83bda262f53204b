// The variety of a set of calibration images, and the teacher's confidence in them, measured before
// time is spent on a quantization.
#pragma once

#include <map>
#include <string>

#include "engine/graph/teacher.h"

namespace zerosweep {

// Metrics of images (N×C×H×W, in the teacher's normalised space):
// - class_entropy: entropy of the shares of the predicted classes, in nats: from 0 (all of one
//   class) to ln K.
// - confidence: mean over images of the largest softmax probability.
// - bn_spread: how much images differ in their batch-norm statistics. For each batch norm and
//   channel, take the standard deviation over images (N − 1) of the image's mean, averaged with
//   that of the image's standard deviation over H·W; for 1×1 maps, only that of the mean. Sum over
//   channels and divide by the sum of the running standard deviations (a ratio of sums, so that
//   nearly dead channels do not dominate). Then average over batch norms. Absent without batch
//   norms, or for a single image.
// The same images give the same values on one machine and thread count.
std::map<std::string, double> MeasureQuality(const Teacher& teacher, const torch::Tensor& images);

}  // namespace zerosweep
