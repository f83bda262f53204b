#include "engine/joint/joint_params.h"

#include <utility>

#include "engine/quant/snapshots.h"

namespace zerosweep {
namespace {

using Shape = RateSchedule::Shape;

const char* const kCode = "authors' code of GDFQ";

Params<JointSettings> LoopParams(const JointDefaults& defaults) {
  ParamSpec warm_up =
      BudgetParam("warm_up", defaults.warm_up, "steps in which the generator is trained alone",
                  "iterations", defaults.source);
  ParamSpec iterations =
      BudgetParam("iterations", defaults.iterations, "steps in which both are trained",
                  "iterations", defaults.source);
  warm_up.min = iterations.min = 0;
  return {Bind(&JointSettings::batch, BudgetParam("batch", defaults.batch, "images of one step",
                                                  "images", defaults.source)),
          Bind(&JointSettings::warm_up, std::move(warm_up)),
          Bind(&JointSettings::iterations, std::move(iterations)),
          Bind(&JointSettings::calibration,
               {.name = "calibration",
                .default_value = 800,
                .meaning = "first steps, of the warm-up, whose images set the activation ranges",
                .unit = "iterations",
                .source = "4 epochs of 200",
                .min = 0,
                .profiles = {{"fast", 200}, {"smoke", 4}}}),
          Part(&JointSettings::generator,
               LabelledGeneratorParams(defaults.latents, defaults.latents_meaning))};
}

Params<JointSettings> GeneratorParams(const JointDefaults& defaults) {
  return {
      Bind(&JointSettings::generator_lr,
           RateParam("lr_generator", 1e-3, "learning rate of Adam for the generator", kCode)),
      Bind(&JointSettings::generator_schedule,
           {.name = "generator_schedule",
            .default_value = "step",
            .meaning = "step: × 0.1 after each quarter of all steps; constant",
            .source = "× 0.1 at epochs 100, 200 and 300 of 400",
            .profiles = {{"fast", "constant"}}},
           {{"step", Shape::kStep}, {"constant", Shape::kConstant}}),
      Bind(&JointSettings::label_weight,
           RateParam("label_weight", defaults.label_weight,
                     "of the teacher's cross-entropy with the labels asked for", "authors' code")),
      Bind(&JointSettings::statistics_weight,
           RateParam("statistics_weight", defaults.statistics_weight,
                     "β, of the batch-norm statistics", "authors' code"))};
}

Params<JointSettings> OptimiserParams(const JointDefaults& defaults) {
  return {
      Bind(&JointSettings::lr, {.name = "lr",
                                .default_value = defaults.lr,
                                .meaning = "learning rate of the student, of all its parameters",
                                .source = "1e-4 for CIFAR, 1e-6 for ImageNet",
                                .min = 0}),
      Bind(&JointSettings::schedule,
           {.name = "schedule",
            .default_value = defaults.schedule,
            .meaning = "of the student's rate; step: × 0.1 after each quarter of all steps; "
                       "cosine: to 0 from its first step on; constant",
            .source = "× 0.1 at epochs 100, 200 and 300 of 400",
            .profiles = {{"fast", "cosine"}, {"smoke", "cosine"}}},
           {{"step", Shape::kStep}, {"cosine", Shape::kCosine}, {"constant", Shape::kConstant}}),
      Bind(&JointSettings::period,
           {.name = "period",
            .default_value = defaults.period,
            .meaning = "of the cosine: steps to 0, after which the rate rises again; 0: all",
            .unit = "iterations",
            .min = 0,
            .profiles = {{"fast", 0}, {"smoke", 0}}}),
      Bind(&JointSettings::momentum, {.name = "momentum",
                                      .default_value = 0.9,
                                      .meaning = "Nesterov's; 0: none",
                                      .min = 0,
                                      .max = 1}),
      Bind(&JointSettings::weight_decay,
           RateParam("weight_decay", 1e-4, "L2 of all parameters, batch norms and biases included",
                     kCode))};
}

}  // namespace

Params<JointSettings> JointParams(const JointDefaults& defaults) {
  return {LoopParams(defaults),
          GeneratorParams(defaults),
          OptimiserParams(defaults),
          Part(&JointSettings::ranges,
               StudentRanges::AveragesParam({{"code", defaults.code_averages}})),
          Bind(&JointSettings::snapshots, Snapshots::Param()),
          Bind(&JointSettings::heldout,
               {.name = "heldout",
                .default_value = 512,
                .meaning = "images that the generator makes at the end to score the snapshots on",
                .unit = "images",
                .min = 2,
                .profiles = {{"fast", 256}, {"smoke", 16}}}),
          Part(&JointSettings::distillation,
               DistillationParams(defaults.distillation, defaults.reduction))};
}

// The falls are counted from the start of the whole training (GDFQ), but a cosine begins with the
// student (FDDA).
RateSchedule StudentRate(const JointSettings& settings) {
  if (settings.schedule == Shape::kCosine)
    return {.shape = Shape::kCosine, .total = settings.iterations, .period = settings.period};
  return {.shape = settings.schedule, .total = settings.steps(), .start = settings.warm_up};
}

RateSchedule GeneratorRate(const JointSettings& settings) {
  return {.shape = settings.generator_schedule, .total = settings.steps()};
}

}  // namespace zerosweep
