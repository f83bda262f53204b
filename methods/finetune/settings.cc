#include "methods/finetune/settings.h"

#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "engine/catalogue/limits.h"

namespace zerosweep {

std::vector<double> FallsOf(const std::string& text) {
  std::vector<double> falls;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    char* end = nullptr;
    falls.push_back(std::strtod(word.c_str(), &end));
    if (end == word.c_str() || *end != 0 || !(falls.back() >= 0 && falls.back() <= 1))
      Fail(ErrorKind::kUsage, "finetune.falls is '{}', must be shares of the steps: 0.25, 0.5",
           text);
  }
  return falls;
}

RateSchedule FinetuneRate(const FinetuneSettings& settings) {
  return {.shape = settings.schedule,
          .total = settings.student.iterations,
          .ramp = settings.ramp,
          .falls = FallsOf(settings.falls)};
}

namespace {

using Settings = FinetuneSettings;
using Training = StudentTrainingSettings;
using Shape = RateSchedule::Shape;

Params<Training> LoopParams() {
  return {Bind(&Training::iterations, {.name = "iterations",
                                       .default_value = 79200,
                                       .meaning = "steps of the optimiser",
                                       .unit = "iterations",
                                       .source = "396 epochs of 200 iterations after 4 of warm-up "
                                                 "(CIFAR)",
                                       .min = 0,
                                       .profiles = {{"fast", 1000}, {"smoke", 10}}}),
          Bind(&Training::calibration,
               {.name = "calibration",
                .default_value = 800,
                .meaning = "forwards before the training that move the activation ranges",
                .unit = "iterations",
                .source = "the first 4 epochs of 200 iterations",
                .min = 1,
                .profiles = {{"fast", 50}, {"smoke", 5}}}),
          Bind(&Training::adam,
               {.name = "optimiser",
                .default_value = "sgd",
                .meaning = "SGD with Nesterov's momentum, or Adam"},
               {{"sgd", false}, {"adam", true}})};
}

Params<Settings> ScheduleParams() {
  return {
      Bind(&Settings::schedule,
           {.name = "schedule",
            .default_value = "step",
            .meaning = "step: × 0.1 at each of `falls`; cosine: to 0; constant",
            .source = "step: GDFQ, IntraQ",
            .profiles = {{"fast", "cosine"}, {"smoke", "cosine"}}},
           {{"step", Shape::kStep}, {"cosine", Shape::kCosine}, {"constant", Shape::kConstant}}),
      Bind(&Settings::falls,
           {.name = "falls",
            .default_value = "0.24242, 0.49494, 0.74747",
            .meaning =
                "when the step schedule falls by × 0.1, in shares of the iterations after warm_up",
            .source = "GDFQ: epochs 100, 200 and 300 of 4 to 399, which are 96, 196 and 296 of the "
                      "student's own 396"}),
      Bind(&Settings::ramp, {.name = "warm_up",
                             .default_value = 0,
                             .meaning = "iterations in which the rate grows linearly",
                             .unit = "iterations",
                             .min = 0})};
}

Params<StudentRanges> StudentRangeParams() {
  using Weights = StudentRanges::Weights;
  using Activations = StudentRanges::Activations;
  return {
      Bind(&StudentRanges::weights,
           {.name = "weights",
            .default_value = "minmax",
            .meaning = "their ranges: minimum and maximum of each output channel at every step; "
                       "one learned step a layer; tanh of the weights on a symmetric grid",
            .source = "minmax: GDFQ; lsq: Esser et al., ICLR 2020; dorefa: Zhou et al. 2016"},
           {{"minmax", Weights::kMinMax}, {"lsq", Weights::kLsq}, {"dorefa", Weights::kDoReFa}}),
      Bind(&StudentRanges::activations,
           {.name = "activations",
            .default_value = "minmax",
            .meaning = "their ranges: moving averages, frozen after the calibration; a learned "
                       "step; a learned upper end, or 0 to 1 (both after ReLUs only)",
            .source = "minmax: GDFQ; lsq: Esser et al., ICLR 2020; pact: Choi et al. 2018; dorefa: "
                      "Zhou et al. 2016"},
           {{"minmax", Activations::kMinMax},
            {"lsq", Activations::kLsq},
            {"pact", Activations::kPact},
            {"dorefa", Activations::kDoReFa}}),
      StudentRanges::AveragesParam()};
}

Params<Training> RangeParams() {
  return {
      Part(&Training::ranges, StudentRangeParams()),
      Bind(&Training::range_lr, {.name = "range_lr",
                                 .default_value = 1e-4,
                                 .meaning = "learning rate of learned ranges, on the same schedule",
                                 .min = 0}),
      Bind(&Training::range_decay, {.name = "range_decay",
                                    .default_value = 0.0,
                                    .meaning = "L2 of learned ranges; PACT needs it to narrow",
                                    .min = 0})};
}

Params<Settings> ImageParams() {
  return {
      Bind(&Settings::batch, {.name = "batch",
                              .default_value = 200,
                              .meaning = "images of one step; at most as many as there are",
                              .unit = "images",
                              .source = "200 for CIFAR, 16 for ImageNet",
                              .min = 1,
                              .profiles = {{"fast", 64}, {"smoke", 32}}}),
      Bind(&Settings::from_generator,
           {.name = "ranges_from",
            .default_value = "images",
            .meaning = "what the moving averages are of: the images, or those of a small "
                       "generator (GDFQ's) that is trained meanwhile and then thrown away",
            .source = "generator: IntraQ's released code"},
           {{"images", false}, {"generator", true}}),
      Bind(&Settings::generator_batch, {.name = "generator_batch",
                                        .default_value = 16,
                                        .meaning = "images of one step of that generator",
                                        .unit = "images",
                                        .source = "IntraQ's released code",
                                        .min = 1,
                                        .neutral = 16}),
      Bind(&Settings::asked_labels,
           {.name = "labels",
            .default_value = "predicted",
            .meaning = "y: the class that the teacher sees, or the one that the image was made for",
            .source = "asked: IntraQ"},
           {{"predicted", false}, {"asked", true}}),
      Bind(&Settings::augment,
           {.name = "augment",
            .default_value = false,
            .meaning = "train on every image through a window of 50 to 100 % of it, mirrored by "
                       "chance; the teacher sees the same",
            .source = "IntraQ"}),
      Bind(&Settings::heldout,
           FractionParam("heldout", 0.1, "of the images: not trained on, to score the snapshots on",
                         "Zerosweep"))};
}

}  // namespace

Params<FinetuneSettings> FinetuneParams() {
  return {
      Part(&Settings::student, {LoopParams(), StudentTrainingParams(1e-4), RangeParams(),
                                Part(&Training::distillation, DistillationParams(1, "element"))}),
      ScheduleParams(), ImageParams()};
}

namespace {

// Shares of the steps, separated by commas, as FallsOf reads them.
constexpr const char* kShares = R"(( *(0?\.\d+|0\.?|1(\.0*)?)(, *(0?\.\d+|0\.?|1(\.0*)?))*)?)";

}  // namespace

std::vector<Limit> FinetuneLimits() {
  Limit of_generator = NeedsAnImageARank("generator_batch");
  of_generator.when.push_back({"param.ranges_from", "is", "generator"});
  return {{{{"param.falls", "unlike", kShares}},
           "falls is '{param.falls}', must be shares of the steps: 0.25, 0.5"},
          {{{"param.labels", "is", "asked"}, {"trial.labelled", "is", false}},
           "labels: asked takes the classes that the images were made for, and these are made for "
           "none: choose labels: predicted"},
          {{{"param.activations", "is", {"pact", "dorefa"}},
            {"protocol.act_placement", "is", FactNamed("model.signed_placements")},
            {"trial.a_bits", "is_not", 32}},
           "PACT and DoReFa clip at 0, but under act_placement: {protocol.act_placement} some "
           "quantized tensors have negative values: choose activations: lsq or minmax, or "
           "act_placement: relu"},
          {{{"param.ranges_from", "is", "generator"}, {"model.batch_norms", "is", 0}},
           "ranges_from: generator makes images that match batch-norm statistics, and this network "
           "has no batch norm: set ranges_from: images"},
          NeedsAnImageARank("batch"),
          of_generator};
}

}  // namespace zerosweep
