// Images that are optimised batch by batch, with progress, curves and checkpoints.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/catalogue/params.h"
#include "engine/graph/precision.h"
#include "engine/synthesis/synthesizer.h"

namespace zerosweep {

// Numbers of images in total and per batch, and of steps for each batch.
struct BatchSettings {
  int64_t images = 0, batch = 0, iterations = 0;
  Precision compute = Precision::kFloat32;
};

// The parameter `compute`.
Params<BatchSettings> ComputeParam();

// Images first … first + count − 1 of the whole set.
struct ImageBatch {
  int64_t index = 0;
  int64_t first = 0;
  int64_t count = 0;
  std::vector<torch::Tensor> finished = {};  // the batches before it, in order
};

// One batch under optimisation.
class BatchOptimisation {
 public:
  virtual ~BatchOptimisation() = default;
  // Runs step `iteration` of this batch. Returns the terms of the loss before the step, with the
  // same names at all steps of a batch; "loss" is their total.
  virtual std::map<std::string, double> Step(int64_t iteration) = 0;
  // Returns the current images, without gradient.
  virtual torch::Tensor Images() const = 0;
  // Everything that Step and Images depend on. Restore is called at most once, before the first
  // Step.
  virtual void Save(CheckpointState& state) const = 0;
  virtual void Restore(const CheckpointState& state) = 0;
};

// `context` is the whole set's, except that the teacher's convolutions have the precision `compute`.
// It outlives the batch.
using StartBatch = std::function<std::unique_ptr<BatchOptimisation>(const SynthesisContext& context,
                                                                    const ImageBatch& batch)>;

// Makes the images batch by batch, and resumes from the last checkpoint. The curve of a term is
// that of the first batch that has the term; metric "initial_loss" is the first loss. Throws
// Failure::kNonFinite, naming `method`, for a loss that is not finite, and kUsage where bfloat16 is
// wanted and not faster.
SyntheticData SynthesizeInBatches(const SynthesisContext& context, const std::string& method,
                                  const BatchSettings& settings, const StartBatch& start);

}  // namespace zerosweep
