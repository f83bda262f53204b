// Parameters of finetune, and what the method cannot do with them.
#pragma once

#include <string>
#include <vector>

#include "contract/limits.h"
#include "engine/catalogue/params.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/distillation.h"
#include "engine/quant/student.h"

namespace zerosweep {

struct FinetuneSettings {
  int64_t iterations = 0, batch = 0, calibration = 0;
  bool adam = false;
  double lr = 0;
  RateSchedule::Shape schedule = RateSchedule::Shape::kStep;
  std::string falls;  // see FallsOf
  int64_t warm_up = 0;
  double momentum = 0, weight_decay = 0;
  StudentRanges ranges;
  bool from_generator = false;  // ranges are those of a small generator's images
  int64_t generator_batch = 0;
  double range_lr = 0, range_decay = 0;
  bool asked_labels = false;
  bool augment = false;
  int64_t snapshots = 0;
  double heldout = 0;
  Distillation distillation;
};

Params<FinetuneSettings> FinetuneParams();
std::vector<Limit> FinetuneLimits();

// "0.25, 0.5, 0.75": shares of the steps. Throws kUsage for anything else.
std::vector<double> FallsOf(const std::string& text);
// The schedule that they ask for. Throws as FallsOf does.
RateSchedule FinetuneRate(const FinetuneSettings& settings);

}  // namespace zerosweep
