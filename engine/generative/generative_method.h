// What a joint method adds to the training of a generator and a student (joint_training.h).
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

// Images that a generator has made: this rank's part of a batch.
struct GeneratedBatch {
  torch::Tensor images;  // n×C×H×W, differentiable in the generator's parameters
  torch::Tensor labels;  // n×classes: shares of the classes that were asked for, which sum to 1
};

class GenerativeMethod {
 public:
  virtual ~GenerativeMethod() = default;

  // The leaves that the generator's loss trains.
  virtual std::vector<torch::Tensor> Parameters() const = 0;
  // The images of a step, on which the student learns too.
  virtual GeneratedBatch Generate(uint64_t step, BatchPart part) = 0;
  // Images to score states of the student on: of all kinds of steps the plainest, so that scores of
  // different seeds are of the same kind of image.
  virtual GeneratedBatch HeldOut(uint64_t step, BatchPart part) { return Generate(step, part); }
  // Of the generator's loss, beside cross-entropy and batch-norm statistics of Generate's images,
  // of which the teacher says `pass`.
  virtual Terms ExtraTerms(uint64_t /*step*/, const TeacherPass& /*pass*/) { return {}; }
  // What the student learns from, when `generated` are the step's images and what the teacher says
  // of them.
  virtual TrainingBatch ForStudent(uint64_t /*step*/, TrainingBatch generated) { return generated; }
  // The number of images that the student sees in a step of `generated` images, of all ranks.
  virtual int64_t StudentImages(int64_t generated) const { return generated; }
  // After both have been trained.
  virtual void EndStep(uint64_t /*step*/) {}

  // Of the whole training, for the artifact.
  virtual std::map<std::string, double> Metrics() const { return {}; }

  // What else the next step depends on: parameters and their optimiser are saved by the training.
  virtual void Save(CheckpointState& /*state*/) const {}
  virtual void Restore(const CheckpointState& /*state*/) {}
};

}  // namespace zerosweep
