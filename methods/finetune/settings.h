// Parameters of finetune, and their limits.
#pragma once

#include <string>
#include <vector>

#include "contract/limits.h"
#include "engine/catalogue/params.h"
#include "engine/optim/optimiser.h"
#include "engine/training/student_training.h"

namespace zerosweep {

struct FinetuneSettings {
  int64_t batch = 0;                // images; at most as many as there are
  StudentTrainingSettings student;  // its warm-up is the calibration; its rate: FinetuneRate
  RateSchedule::Shape schedule = RateSchedule::Shape::kStep;
  std::string falls;            // see FallsOf
  int64_t ramp = 0;             // iterations in which the rate grows
  bool from_generator = false;  // ranges come from a small generator's images
  int64_t generator_batch = 0;
  bool asked_labels = false;
  bool augment = false;
  double heldout = 0;
};

Params<FinetuneSettings> FinetuneParams();
std::vector<Limit> FinetuneLimits();

// "0.25, 0.5, 0.75": shares of the steps. Throws kUsage for anything else.
std::vector<double> FallsOf(const std::string& text);
// The schedule that the settings define. Throws as FallsOf does.
RateSchedule FinetuneRate(const FinetuneSettings& settings);

}  // namespace zerosweep
