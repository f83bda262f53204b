#include "engine/joint/joint_params.h"

#include <utility>

#include "engine/quant/distillation.h"
#include "engine/quant/snapshots.h"
#include "engine/quant/student.h"

namespace zerosweep {
namespace {

const char* const kCode = "authors' code of GDFQ";

std::vector<ParamSpec> LoopParams(const JointDefaults& defaults) {
  ParamSpec warm_up =
      BudgetParam("warm_up", defaults.warm_up, "steps in which the generator is trained alone",
                  "iterations", defaults.source);
  ParamSpec iterations =
      BudgetParam("iterations", defaults.iterations, "steps in which both are trained",
                  "iterations", defaults.source);
  warm_up.min = iterations.min = 0;
  return {BudgetParam("batch", defaults.batch, "images of one step", "images", defaults.source),
          std::move(warm_up),
          std::move(iterations),
          {.name = "calibration",
           .type = ParamType::kInt,
           .default_value = 800,
           .meaning = "first steps, of the warm-up, whose images set the activation ranges",
           .unit = "iterations",
           .source = "4 epochs of 200",
           .min = 0,
           .profiles = {{"fast", 200}, {"smoke", 4}}},
          {.name = "latents",
           .type = ParamType::kInt,
           .default_value = defaults.latents,
           .meaning = defaults.latents_meaning,
           .source = "authors' code",
           .min = defaults.latents == 0 ? 0 : 1},
          {.name = "conditioning",
           .type = ParamType::kChoice,
           .default_value = "auto",
           .meaning = "how the generator is told the class: by an embedding, or by norms of each "
                      "class; auto: embedding for sides up to 64 pixels",
           .source = "embedding for CIFAR, norms for ImageNet",
           .choices = {"auto", "embedding", "norms"}}};
}

std::vector<ParamSpec> GeneratorParams(const JointDefaults& defaults) {
  return {RateParam("lr_generator", 1e-3, "learning rate of Adam for the generator", kCode),
          {.name = "generator_schedule",
           .type = ParamType::kChoice,
           .default_value = "step",
           .meaning = "step: × 0.1 after each quarter of all steps; constant",
           .source = "× 0.1 at epochs 100, 200 and 300 of 400",
           .choices = {"step", "constant"},
           .profiles = {{"fast", "constant"}}},
          RateParam("label_weight", defaults.label_weight,
                    "of the teacher's cross-entropy with the labels asked for", "authors' code"),
          RateParam("statistics_weight", defaults.statistics_weight,
                    "β, of the batch-norm statistics", "authors' code")};
}

std::vector<ParamSpec> StudentParams(const JointDefaults& defaults) {
  ParamSpec averages = StudentRanges::AveragesParam();
  averages.variants = {{"code", defaults.code_averages}};
  return {{.name = "lr",
           .type = ParamType::kFloat,
           .default_value = defaults.lr,
           .meaning = "learning rate of the student, of all its parameters",
           .source = "1e-4 for CIFAR, 1e-6 for ImageNet",
           .min = 0},
          {.name = "schedule",
           .type = ParamType::kChoice,
           .default_value = defaults.schedule,
           .meaning = "of the student's rate; step: × 0.1 after each quarter of all steps; cosine: "
                      "to 0 from its first step on; constant",
           .source = "× 0.1 at epochs 100, 200 and 300 of 400",
           .choices = {"step", "cosine", "constant"},
           .profiles = {{"fast", "cosine"}, {"smoke", "cosine"}}},
          {.name = "period",
           .type = ParamType::kInt,
           .default_value = defaults.period,
           .meaning = "of the cosine: steps to 0, after which the rate rises again; 0: all",
           .unit = "iterations",
           .min = 0,
           .profiles = {{"fast", 0}, {"smoke", 0}}},
          {.name = "momentum",
           .type = ParamType::kFloat,
           .default_value = 0.9,
           .meaning = "Nesterov's; 0: none",
           .min = 0,
           .max = 1},
          RateParam("weight_decay", 1e-4, "L2 of all parameters, batch norms and biases included",
                    kCode),
          std::move(averages),
          Snapshots::Param(),
          {.name = "heldout",
           .type = ParamType::kInt,
           .default_value = 512,
           .meaning = "images that the generator makes at the end to score the snapshots on",
           .unit = "images",
           .min = 2,
           .profiles = {{"fast", 256}, {"smoke", 16}}}};
}

}  // namespace

std::vector<ParamSpec> JointParams(const JointDefaults& defaults) {
  std::vector<ParamSpec> params = Joined(LoopParams(defaults), GeneratorParams(defaults));
  params = Joined(std::move(params), StudentParams(defaults));
  return Joined(std::move(params), DistillationParams(defaults.distillation, defaults.reduction));
}

// The falls are counted from the start of the whole training (GDFQ), but a cosine begins with the
// student (FDDA).
RateSchedule StudentRate(const Json& params) {
  const int64_t warm_up = params.at("warm_up"), iterations = params.at("iterations");
  const std::string shape = params.at("schedule");
  if (shape == "cosine")
    return {.shape = shape, .total = iterations, .period = params.at("period")};
  return {.shape = shape, .total = warm_up + iterations, .start = warm_up};
}

RateSchedule GeneratorRate(const Json& params) {
  const int64_t warm_up = params.at("warm_up"), iterations = params.at("iterations");
  return {.shape = params.at("generator_schedule"), .total = warm_up + iterations};
}

}  // namespace zerosweep
