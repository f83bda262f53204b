#include "engine/generative/generative_params.h"

#include <utility>

namespace zerosweep {
namespace {

using Shape = RateSchedule::Shape;

const char* const kCode = "authors' code of GDFQ";

Params<GenerativeSettings> LoopParams(const GenerativeDefaults& defaults) {
  ParamSpec warm_up =
      BudgetParam("warm_up", defaults.warm_up, "steps in which the generator is trained alone",
                  "iterations", defaults.source);
  ParamSpec iterations =
      BudgetParam("iterations", defaults.iterations, "steps in which both are trained",
                  "iterations", defaults.source);
  warm_up.min = iterations.min = 0;
  using Training = StudentTrainingSettings;
  return {
      Bind(&GenerativeSettings::batch,
           BudgetParam("batch", defaults.batch, "images of one step", "images", defaults.source)),
      Part(&GenerativeSettings::student,
           {Bind(&Training::warm_up, std::move(warm_up)),
            Bind(&Training::iterations, std::move(iterations)),
            Bind(&Training::calibration,
                 {.name = "calibration",
                  .default_value = 800,
                  .meaning = "first steps, of the warm-up, whose images set the activation ranges",
                  .unit = "iterations",
                  .source = "4 epochs of 200",
                  .min = 0,
                  .profiles = {{"fast", 200}, {"smoke", 4}}})}),
      Part(&GenerativeSettings::generator,
           LabelledGeneratorParams(defaults.latents, defaults.latents_meaning))};
}

Params<GenerativeSettings> GeneratorParams(const GenerativeDefaults& defaults) {
  return {
      Bind(&GenerativeSettings::generator_lr,
           RateParam("lr_generator", 1e-3, "learning rate of Adam for the generator", kCode)),
      Bind(&GenerativeSettings::generator_schedule,
           {.name = "generator_schedule",
            .default_value = "step",
            .meaning = "step: × 0.1 after each quarter of all steps; constant",
            .source = "× 0.1 at epochs 100, 200 and 300 of 400",
            .profiles = {{"fast", "constant"}}},
           {{"step", Shape::kStep}, {"constant", Shape::kConstant}}),
      Bind(&GenerativeSettings::label_weight,
           RateParam("label_weight", defaults.label_weight,
                     "of the teacher's cross-entropy with the labels asked for", "authors' code")),
      Bind(&GenerativeSettings::statistics_weight,
           RateParam("statistics_weight", defaults.statistics_weight,
                     "β, of the batch-norm statistics", "authors' code"))};
}

Params<GenerativeSettings> ScheduleParams(const GenerativeDefaults& defaults) {
  return {
      Bind(&GenerativeSettings::schedule,
           {.name = "schedule",
            .default_value = defaults.schedule,
            .meaning = "of the student's rate; step: × 0.1 after each quarter of all steps; "
                       "cosine: to 0 from its first step on; constant",
            .source = "× 0.1 at epochs 100, 200 and 300 of 400",
            .profiles = {{"fast", "cosine"}, {"smoke", "cosine"}}},
           {{"step", Shape::kStep}, {"cosine", Shape::kCosine}, {"constant", Shape::kConstant}}),
      Bind(&GenerativeSettings::period,
           {.name = "period",
            .default_value = defaults.period,
            .meaning = "of the cosine: steps to 0, after which the rate rises again; 0: all",
            .unit = "iterations",
            .min = 0,
            .profiles = {{"fast", 0}, {"smoke", 0}}})};
}

}  // namespace

Params<GenerativeSettings> GenerativeParams(const GenerativeDefaults& defaults) {
  using Training = StudentTrainingSettings;
  return {LoopParams(defaults),
          GeneratorParams(defaults),
          Part(&GenerativeSettings::student, StudentTrainingParams(defaults.lr)),
          ScheduleParams(defaults),
          Part(&GenerativeSettings::student,
               {Part(&Training::ranges,
                     StudentRanges::AveragesParam({{"code", defaults.code_averages}})),
                Part(&Training::distillation,
                     DistillationParams(defaults.distillation, defaults.reduction))}),
          Bind(&GenerativeSettings::heldout,
               {.name = "heldout",
                .default_value = 512,
                .meaning = "images that the generator makes at the end to score the snapshots on",
                .unit = "images",
                .min = 2,
                .profiles = {{"fast", 256}, {"smoke", 16}}})};
}

std::vector<Limit> GenerativeLimits() {
  return {NeedsBatchNorms(),
          {{{"param.calibration", "above", FactNamed("param.warm_up")}},
           "calibration is {param.calibration}, must be at most warm_up ({param.warm_up}): ranges "
           "are set before the student is trained"},
          {{{"param.calibration", "is", 0}, {"trial.a_bits", "is_not", 32}},
           "calibration is 0, so that the student's activation ranges are never set: give some "
           "steps, or leave activations in full precision"},
          NeedsAnImageARank("batch")};
}

// The falls are counted from the start of the whole training (GDFQ), while a cosine begins with the
// student's training (FDDA).
RateSchedule StudentRate(const GenerativeSettings& settings) {
  if (settings.schedule == Shape::kCosine)
    return {
        .shape = Shape::kCosine, .total = settings.student.iterations, .period = settings.period};
  return {.shape = settings.schedule,
          .total = settings.student.steps(),
          .start = settings.student.warm_up};
}

RateSchedule GeneratorRate(const GenerativeSettings& settings) {
  return {.shape = settings.generator_schedule, .total = settings.student.steps()};
}

}  // namespace zerosweep
