// Training of a quantized student by its full-precision teacher: the loop of GDFQ (Xu et al., ECCV
// 2020; authors' code), for images of any source.
//
//   L = α·T²·KL(softmax(t/T) ‖ softmax(s/T)) + CE(s, y)      distillation.h
//
// t: the teacher's logits of an image, s: the student's, y: its label. In the first steps
// ("warm_up") the student is not trained; the images of the first of these steps ("calibration")
// set its activation ranges.
//
// With several ranks, each on its part of every batch, a training step makes two collectives: one
// for the gradients, one for the displayed losses. A calibration makes one for each activation
// quantizer; the first makes up to two where ranges are learned.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "engine/catalogue/params.h"
#include "engine/loop/checkpoint.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/quantizer.h"
#include "engine/training/distillation.h"
#include "engine/training/student.h"

namespace zerosweep {

struct StudentTrainingSettings {
  int64_t warm_up = 0, calibration = 0;  // steps
  int64_t iterations = 0;                // steps of the student, after the warm-up
  StudentRanges ranges;
  bool adam = false;  // otherwise SGD with Nesterov momentum
  double lr = 0, momentum = 0, weight_decay = 0;
  double range_lr = 0, range_decay = 0;  // for learned ranges
  RateSchedule rate;                     // for all rates, by the student's steps
  Distillation distillation;
  int64_t snapshots = 0;

  int64_t steps() const { return warm_up + iterations; }
};

// Declares lr, momentum, weight_decay, snapshots.
Params<StudentTrainingSettings> StudentTrainingParams(double lr);

// The source of the images.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // The number of images, of all ranks, that the student learns from in a step.
  virtual int64_t StudentImages() const = 0;
  // Returns this rank's images of a step. A source that itself learns adds its losses to `shown`.
  virtual TrainingBatch Next(int64_t step, Terms& shown) = 0;
  // Call it after the student has learned from them.
  virtual void EndStep(int64_t /*step*/) {}

  // Images that the student has not learned from, on which its states are scored; every rank takes
  // them all. Undefined if there are none.
  struct HeldOut {
    torch::Tensor images, targets;  // n×C×H×W; n×classes, the teacher's logits
  };
  virtual HeldOut MakeHeldOut() = 0;
  // Adds the source's metrics and samples to the result.
  virtual void Describe(const HeldOut& /*heldout*/, Quantization& /*result*/) const {}

  // Names the rates to lower when a loss is not finite, with their values: "lr (0.1)".
  virtual std::string Rates() const = 0;

  // Any other state that the next step depends on.
  virtual void Save(CheckpointState& /*state*/) const {}
  virtual void Restore(const CheckpointState& /*state*/) {}
};

// Trains from the teacher, or from the last checkpoint. Metrics:
// - initial_ and final_ of "loss", and of "generator_loss" if the source has one;
// - images_seen and lr_kd (StudentBudget);
// - heldout_loss if there are held-out images.
// Throws Failure::kNonFinite, naming `name`, for a loss that is not finite.
Quantization TrainStudent(const QuantizationContext& context, const std::string& name,
                          const StudentTrainingSettings& settings, BatchSource& source);

// The amount of training of a student, in figures that are comparable where steps are not: batches
// differ, and so do the weights of the divergence in the released codes
// (Distillation::ImageWeight).
//   images_seen   images that it was trained on, repetitions included
//   lr_kd         Σ over its steps of lr · rate's factor · ImageWeight
std::map<std::string, double> StudentBudget(const StudentTrainingSettings& settings, int64_t images,
                                            int64_t classes);

}  // namespace zerosweep
