// Batches of one class, whose statistics in the deeper batch norms are compared with a centre of
// that class: what FDDA and ClusterQ have in common.
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

// ⌊(L + 1)/2⌋ − 2, at least 0: the first of the deeper half of L batch norms (authors' code of FDDA
// and ClusterQ).
size_t FirstDeepNorm(size_t norms);

// The class of a step's batch, the same on all ranks, of those listed.
int64_t ClassOfStep(const RandomStreams& random, uint64_t step,
                    const std::vector<int64_t>& classes);

// class_batch: the images of a step's batch in which every image is asked to be of one class.
ParamSpec ClassBatchParam(const ProfileDefaults& images, const std::string& source);
// This rank's part of that batch.
GeneratedBatch MakeClassBatch(const LabelledGenerator& generator, uint64_t step, BatchPart part,
                              int64_t label);

// What a centre is moved by: N(0, 1) times a scale of its means, and one of its variances.
struct Distortion {
  double of_means = 1, of_variances = 1;
};
// noise_means, noise_variances.
Params<Distortion> DistortionParams(double of_means, double of_variances,
                                    const std::string& source);
// The centre, moved by a step's draws, which are equal on all ranks.
std::vector<Moments> Distorted(const std::vector<Moments>& centre, const RandomStreams& random,
                               uint64_t step, const Distortion& distortion);

// Centres of classes under keys that begin with `prefix`; a class without one has an empty list.
using Centres = std::vector<std::vector<Moments>>;
void SaveCentres(const std::string& prefix, const Centres& centres, CheckpointState& state);
Centres RestoreCentres(const std::string& prefix, const CheckpointState& state,
                       const torch::TensorOptions& options);

}  // namespace zerosweep
