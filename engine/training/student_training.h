// Training of a quantized student by its full-precision teacher: the loop of GDFQ (Xu et al., ECCV
// 2020; authors' code), whatever the images are.
//
//   L = α·T²·KL(softmax(t/T) ‖ softmax(s/T)) + CE(s, y)      distillation.h
//
// t: the teacher's logits of an image, s: the student's, y: its label. In the first steps
// ("warm_up") the student is not trained; the images of the first of them ("calibration") set its
// activation ranges.
//
// Over several ranks, each on its part of every batch, a step of the student makes two collectives:
// one for the gradients, one for the losses that are shown. During calibration it makes one for
// each activation quantizer instead of the gradients.
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
  int64_t iterations = 0;                // steps of the student, behind the warm-up
  StudentRanges ranges;
  bool adam = false;  // else SGD, with Nesterov's momentum
  double lr = 0, momentum = 0, weight_decay = 0;
  double range_lr = 0, range_decay = 0;  // of learned ranges
  RateSchedule rate;                     // of all rates, by the student's steps
  Distillation distillation;
  int64_t snapshots = 0;

  int64_t steps() const { return warm_up + iterations; }
};

// lr, momentum, weight_decay, snapshots.
Params<StudentTrainingSettings> StudentTrainingParams(double lr);

// Where the images come from.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // Images from which the student learns in a step, of all ranks.
  virtual int64_t StudentImages() const = 0;
  // This rank's images of a step. A source that learns itself adds its losses to `shown`.
  virtual TrainingBatch Next(int64_t step, Terms& shown) = 0;
  // Call it when the student has learned from them.
  virtual void EndStep(int64_t /*step*/) {}

  // Images that the student has not learned from, to score its states on; every rank takes them
  // all. Undefined: there are none.
  struct HeldOut {
    torch::Tensor images, targets;  // n×C×H×W; n×classes: the teacher's logits
  };
  virtual HeldOut MakeHeldOut() = 0;
  // Adds to the result what the source has to tell: metrics, samples.
  virtual void Describe(const HeldOut& /*heldout*/, Quantization& /*result*/) const {}

  // The parameters to lower when a loss is no longer finite.
  virtual std::string Rates() const { return "lr"; }

  // What else the next step depends on.
  virtual void Save(CheckpointState& /*state*/) const {}
  virtual void Restore(const CheckpointState& /*state*/) {}
};

// Trains from the teacher, or from the last checkpoint. Metrics: initial_ and final_ of "loss" and
// "generator_loss" where the source has one; images_seen and lr_kd (StudentBudget); heldout_loss
// where images are held out. Throws Failure::kNonFinite for a loss that is not finite, naming
// `name`.
Quantization TrainStudent(const QuantizationContext& context, const std::string& name,
                          const StudentTrainingSettings& settings, BatchSource& source);

// How much training a student had, in figures that compare where steps do not: batches differ, and
// so does what the released codes weigh the divergence by (Distillation::ImageWeight).
//   images_seen   images that it was trained on, however often
//   lr_kd         Σ over its steps of lr · rate's factor · ImageWeight
std::map<std::string, double> StudentBudget(const StudentTrainingSettings& settings, int64_t images,
                                            int64_t classes);

}  // namespace zerosweep
