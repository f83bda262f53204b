// The interface of a method that trains a generator together with a student
// (generative_training.h).
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "engine/generative/teacher_pass.h"
#include "engine/loop/checkpoint.h"
#include "engine/parallel/group.h"
#include "engine/training/distillation.h"

namespace zerosweep {

// Generated images: this rank's part of a batch.
struct GeneratedBatch {
  torch::Tensor images;  // n×C×H×W, differentiable in the generator's parameters
  torch::Tensor labels;  // n×classes: shares of the requested classes; they sum to 1
};

class GenerativeMethod {
 public:
  virtual ~GenerativeMethod() = default;

  // The leaves that the generator's loss trains.
  virtual std::vector<torch::Tensor> Parameters() const = 0;
  // Makes the images of a step; the student learns from them too.
  virtual GeneratedBatch Generate(uint64_t step, BatchPart part) = 0;
  // Makes the images on which states of the student are scored. A method with several kinds of
  // steps uses the plainest, so that scores of different seeds come from the same kind of image.
  virtual GeneratedBatch HeldOut(uint64_t step, BatchPart part) { return Generate(step, part); }
  // Returns further terms of the generator's loss, in addition to cross-entropy and batch-norm
  // statistics. `pass`: the teacher's answer to Generate's images.
  virtual Terms ExtraTerms(uint64_t /*step*/, const TeacherPass& /*pass*/) { return {}; }
  // Returns the student's batch. `generated`: the step's images with the teacher's logits.
  virtual TrainingBatch ForStudent(uint64_t /*step*/, TrainingBatch generated) { return generated; }
  // Number of images, of all ranks, that the student sees in a step of `generated` images.
  virtual int64_t StudentImages(int64_t generated) const { return generated; }
  // Called after both have been trained.
  virtual void EndStep(uint64_t /*step*/) {}

  // Metrics of the whole training, for the artifact.
  virtual std::map<std::string, double> Metrics() const { return {}; }

  // Any other state that the next step depends on; the training saves the parameters and their
  // optimiser.
  virtual void Save(CheckpointState& /*state*/) const {}
  virtual void Restore(const CheckpointState& /*state*/) {}
};

}  // namespace zerosweep
