// Batches of one class, whose statistics in the deeper batch norms are compared with a centre of
// that class. Shared by FDDA and ClusterQ.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "engine/catalogue/params.h"
#include "engine/generative/generative_method.h"
#include "engine/generative/labelled_generator.h"
#include "engine/parallel/moments.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

// Index of the first of the deeper half of L batch norms: ⌊(L + 1)/2⌋ − 2, at least 0 (authors'
// code of FDDA and ClusterQ).
size_t FirstDeepNorm(size_t norms);

// Draws the class of a step's batch from `classes`; equal on all ranks.
int64_t ClassOfStep(const RandomStreams& random, uint64_t step,
                    const std::vector<int64_t>& classes);

// Declares class_batch, the number of images in a step's batch of a single class.
ParamSpec ClassBatchParam(const ProfileDefaults& images, const std::string& source);

// Scales of the noise added to a centre: N(0, 1) times `of_means` for its means, times
// `of_variances` for its variances.
struct Distortion {
  double of_means = 1, of_variances = 1;
};
// Declares noise_means and noise_variances.
Params<Distortion> DistortionParams(double of_means, double of_variances,
                                    const std::string& source);
// Returns the centre plus a step's noise, which is equal on all ranks.
std::vector<Moments> Distorted(const std::vector<Moments>& centre, const RandomStreams& random,
                               uint64_t step, const Distortion& distortion);

// Centres by class; a class without one has an empty list. Their keys begin with `prefix`.
using Centres = std::vector<std::vector<Moments>>;
void SaveCentres(const std::string& prefix, const Centres& centres, CheckpointState& state);
Centres RestoreCentres(const std::string& prefix, const CheckpointState& state,
                       const torch::TensorOptions& options);

}  // namespace zerosweep
