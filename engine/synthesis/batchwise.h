// Images that are optimised one batch after another, with progress, curves and checkpoints.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/synthesis/synthesizer.h"

namespace zerosweep {

// How many images there are, how many are optimised together, and the steps of each batch.
struct BatchSettings {
  int64_t images = 0, batch = 0, iterations = 0;
};

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
  // Step `iteration` of this batch. Returns the terms of the loss before the step, the same for all
  // steps of a batch; "loss" is their total.
  virtual std::map<std::string, double> Step(int64_t iteration) = 0;
  // The batch as things stand, without gradient.
  virtual torch::Tensor Images() const = 0;
  // All that Step and Images depend on; Restore is called at most once, before the first Step.
  virtual void Save(CheckpointState& state) const = 0;
  virtual void Restore(const CheckpointState& state) = 0;
};

using StartBatch = std::function<std::unique_ptr<BatchOptimisation>(const ImageBatch&)>;

// Makes the images batch by batch, and goes on from the last checkpoint. A term's curve is that of
// the first batch that has the term; metric "initial_loss" is the first loss. Throws
// Failure::kNonFinite for a loss that is not finite, naming `method`.
SyntheticData SynthesizeInBatches(const SynthesisContext& context, const std::string& method,
                                  const BatchSettings& settings, const StartBatch& start);

}  // namespace zerosweep
