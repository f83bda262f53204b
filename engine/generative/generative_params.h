// Parameters and limits that all generative methods share, and the schedules that they define.
#pragma once

#include <string>
#include <vector>

#include "engine/catalogue/limits.h"
#include "engine/catalogue/params.h"
#include "engine/generative/labelled_generator.h"
#include "engine/optim/optimiser.h"
#include "engine/training/student_training.h"

namespace zerosweep {

// Defaults of the common parameters, which a method may change. The values here are GDFQ's for
// CIFAR.
struct GenerativeDefaults {
  ProfileDefaults batch = {200, 64, 16};  // images
  ProfileDefaults warm_up = {800, 200, 4}, iterations = {79200, 800, 6};
  std::string source =
      "CIFAR: batch 200, 4 epochs of 200 of warm-up, 396 of training; ImageNet: "
      "16, 50 and 350";
  int64_t latents = 100;
  std::string latents_meaning = "random numbers of an image";
  double label_weight = 1;         // w
  double statistics_weight = 0.1;  // β
  double lr = 1e-4;                // the student's
  std::string schedule = "step";
  int64_t period = 0;
  double distillation = 1;  // α
  std::string reduction = "element";
  std::string code_averages = "fed_back";  // averages of the ranges in variant `code`
};

struct GenerativeSettings {
  int64_t batch = 0;  // images per step
  LabelledGeneratorSettings generator;
  double generator_lr = 0;
  RateSchedule::Shape generator_schedule = RateSchedule::Shape::kStep;
  double label_weight = 0;          // w
  double statistics_weight = 0;     // β
  StudentTrainingSettings student;  // its rate: StudentRate
  RateSchedule::Shape schedule = RateSchedule::Shape::kStep;
  int64_t period = 0;
  int64_t heldout = 0;  // images
};

Params<GenerativeSettings> GenerativeParams(const GenerativeDefaults& defaults);
// Limits of all generative methods.
std::vector<Limit> GenerativeLimits();

// The schedules that the parameters define: the student's counts the student's own steps, the
// generator's counts all steps.
RateSchedule StudentRate(const GenerativeSettings& settings);
RateSchedule GeneratorRate(const GenerativeSettings& settings);

}  // namespace zerosweep
