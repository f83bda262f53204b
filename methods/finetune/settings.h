// Parameters of finetune: their declarations, what the method cannot do with them, and what the
// training takes from them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "engine/catalogue/declare.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/distillation.h"
#include "engine/quant/student.h"

namespace zerosweep {

std::vector<ParamSpec> FinetuneParams();
std::vector<Limit> FinetuneLimits();

// "0.25, 0.5, 0.75": shares of the steps. Throws kUsage for anything else.
std::vector<double> FallsOf(const std::string& text);

struct FinetuneSettings {
  explicit FinetuneSettings(const Json& params);

  int64_t iterations, batch, calibration;
  double lr, weight_decay, momentum;
  bool adam;
  RateSchedule rate;
  Distillation distillation;
  bool asked_labels;
  double range_lr, range_decay;
  bool augment, from_generator;
  int64_t generator_batch;
  int64_t snapshots;
  double heldout;
  StudentRanges ranges;
};

}  // namespace zerosweep
