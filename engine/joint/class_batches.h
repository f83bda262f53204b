// Batches of one class, whose statistics in the deeper batch norms are compared with a centre of
// that class: what FDDA and ClusterQ have in common.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "engine/catalogue/params.h"
#include "engine/joint/joint_method.h"
#include "engine/joint/labelled_generator.h"
#include "engine/parallel/moments.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

// ⌊(L + 1)/2⌋ − 2, at least 0: the first of the deeper half of L batch norms (authors' code of FDDA
// and ClusterQ).
size_t FirstDeepNorm(size_t norms);

// The class of a step's batch, the same on all ranks, of those listed.
int64_t ClassOfStep(const RandomStreams& random, uint64_t step,
                    const std::vector<int64_t>& classes);

// This rank's part of a step's batch in which every image is asked to be of one class: as many as
// the parameter "class_batch" says.
BatchPart PartOfClassBatch(const QuantizationContext& context);
GeneratedBatch MakeClassBatch(const QuantizationContext& context,
                              const LabelledGenerator& generator, uint64_t step, int64_t label);

ParamSpec ClassBatchParam(const Budget& images, const std::string& source);

// Every mean and variance moved by N(0, 1) times a scale. `draws` are equal on all ranks.
std::vector<Moments> Distorted(const std::vector<Moments>& centre, RandomSequence draws,
                               double of_means, double of_variances);

// A step's distortion of a class's centre, by the scales of the parameters "noise_means" and
// "noise_variances".
std::vector<Moments> DistortedCentre(const QuantizationContext& context, uint64_t step,
                                     const std::vector<Moments>& centre);
std::vector<ParamSpec> DistortionParams(double of_means, double of_variances,
                                        const std::string& source);

// Centres of classes under keys that begin with `prefix`; a class without one has an empty list.
using Centres = std::vector<std::vector<Moments>>;
void SaveCentres(const std::string& prefix, const Centres& centres, CheckpointState& state);
Centres RestoreCentres(const std::string& prefix, const CheckpointState& state,
                       const torch::TensorOptions& options);

}  // namespace zerosweep
