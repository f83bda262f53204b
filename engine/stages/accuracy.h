// Accuracy of a network on the test split, as the stages report it.
#pragma once

#include <filesystem>
#include <vector>

#include "engine/graph/teacher.h"
#include "engine/loop/progress.h"
#include "engine/training/evaluate.h"

namespace zerosweep {

// Runs functions (normalised images → logits) over the first `limit` images (0: all); one result for
// each function. Normalisation and device are the teacher's. Throws Failure::kNonFinite when a logit
// is not finite.
std::vector<Evaluation> MeasureAccuracies(const std::vector<Forward>& forwards,
                                          const Dataset& dataset, const Teacher& teacher,
                                          int64_t limit, Progress& progress);
// The same for one function.
Evaluation MeasureAccuracy(const Forward& forward, const Dataset& dataset, const Teacher& teacher,
                           int64_t limit, Progress& progress);

// predictions.bin: little-endian int32, one per image.
void SavePredictions(const torch::Tensor& predictions, const std::filesystem::path& folder);
torch::Tensor LoadPredictions(const std::filesystem::path& folder);

// Packs one bit per image, least significant first.
std::string PackBits(const torch::Tensor& flags);

}  // namespace zerosweep
