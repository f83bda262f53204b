#include "methods/finetune/settings.h"

#include <cstdlib>
#include <map>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "engine/catalogue/params.h"
#include "engine/quant/snapshots.h"

namespace zerosweep {
namespace {

StudentRanges RangesOf(const Json& params) {
  static const std::map<std::string, StudentRanges::Weights> kWeights = {
      {"minmax", StudentRanges::Weights::kMinMax},
      {"lsq", StudentRanges::Weights::kLsq},
      {"dorefa", StudentRanges::Weights::kDoReFa}};
  static const std::map<std::string, StudentRanges::Activations> kActivations = {
      {"minmax", StudentRanges::Activations::kMinMax},
      {"lsq", StudentRanges::Activations::kLsq},
      {"pact", StudentRanges::Activations::kPact},
      {"dorefa", StudentRanges::Activations::kDoReFa}};
  return {kWeights.at(params.at("weights")), kActivations.at(params.at("activations")),
          StudentRanges::AveragesFrom(params.at("averages"))};
}

}  // namespace

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

FinetuneSettings::FinetuneSettings(const Json& params)
    : iterations(params.at("iterations")),
      batch(params.at("batch")),
      calibration(params.at("calibration")),
      lr(params.at("lr")),
      weight_decay(params.at("weight_decay")),
      momentum(params.at("momentum")),
      adam(params.at("optimiser") == "adam"),
      rate{params.at("schedule"), iterations, params.at("warm_up")},
      distillation(Distillation::FromParams(params)),
      asked_labels(params.at("labels") == "asked"),
      range_lr(params.at("range_lr")),
      range_decay(params.at("range_decay")),
      augment(params.at("augment")),
      from_generator(params.at("ranges_from") == "generator"),
      generator_batch(params.at("generator_batch")),
      snapshots(params.at("snapshots")),
      heldout(params.at("heldout")),
      ranges(RangesOf(params)) {
  rate.falls = FallsOf(params.at("falls"));
}

namespace {

std::vector<ParamSpec> LoopParams() {
  return {{.name = "iterations",
           .type = ParamType::kInt,
           .default_value = 79200,
           .meaning = "steps of the optimiser",
           .unit = "iterations",
           .source = "396 epochs of 200 iterations after 4 of warm-up (CIFAR)",
           .min = 0,
           .profiles = {{"fast", 1000}, {"smoke", 10}}},
          {.name = "batch",
           .type = ParamType::kInt,
           .default_value = 200,
           .meaning = "images of one step; at most as many as there are",
           .unit = "images",
           .source = "200 for CIFAR, 16 for ImageNet",
           .min = 1,
           .profiles = {{"fast", 64}, {"smoke", 32}}},
          {.name = "calibration",
           .type = ParamType::kInt,
           .default_value = 800,
           .meaning = "forwards before the training that move the activation ranges",
           .unit = "iterations",
           .source = "the first 4 epochs of 200 iterations",
           .min = 1,
           .profiles = {{"fast", 50}, {"smoke", 5}}}};
}

std::vector<ParamSpec> OptimiserParams() {
  return {{.name = "optimiser",
           .type = ParamType::kChoice,
           .default_value = "sgd",
           .meaning = "SGD with Nesterov's momentum, or Adam",
           .choices = {"sgd", "adam"}},
          {.name = "lr",
           .type = ParamType::kFloat,
           .default_value = 1e-4,
           .meaning = "learning rate of all parameters",
           .source = "1e-4 for CIFAR, 1e-6 for ImageNet",
           .min = 0},
          {.name = "schedule",
           .type = ParamType::kChoice,
           .default_value = "step",
           .meaning = "step: × 0.1 at each of `falls`; cosine: to 0; constant",
           .source = "step: GDFQ, IntraQ",
           .choices = {"step", "cosine", "constant"},
           .profiles = {{"fast", "cosine"}, {"smoke", "cosine"}}},
          {.name = "falls",
           .type = ParamType::kString,
           .default_value = "0.24242, 0.49494, 0.74747",
           .meaning =
               "when the step schedule falls by × 0.1, in shares of the iterations after warm_up",
           .source = "GDFQ: epochs 100, 200 and 300 of 4 to 399, which are 96, 196 and 296 of the "
                     "student's own 396"},
          {.name = "warm_up",
           .type = ParamType::kInt,
           .default_value = 0,
           .meaning = "iterations in which the rate grows linearly",
           .unit = "iterations",
           .min = 0},
          {.name = "momentum",
           .type = ParamType::kFloat,
           .default_value = 0.9,
           .meaning = "of SGD; 0: plain",
           .min = 0,
           .max = 1},
          {.name = "weight_decay",
           .type = ParamType::kFloat,
           .default_value = 1e-4,
           .meaning = "L2 of all parameters, batch norms and biases included",
           .min = 0}};
}

std::vector<ParamSpec> RangeParams() {
  return {
      {.name = "weights",
       .type = ParamType::kChoice,
       .default_value = "minmax",
       .meaning = "their ranges: minimum and maximum of each output channel at every step; one "
                  "learned step a layer; tanh of the weights on a symmetric grid",
       .source = "minmax: GDFQ; lsq: Esser et al., ICLR 2020; dorefa: Zhou et al. 2016",
       .choices = {"minmax", "lsq", "dorefa"}},
      {.name = "activations",
       .type = ParamType::kChoice,
       .default_value = "minmax",
       .meaning = "their ranges: moving averages, frozen after the calibration; a learned step; a "
                  "learned upper end, or 0 to 1 (both after ReLUs only)",
       .source = "minmax: GDFQ; lsq: Esser et al., ICLR 2020; pact: Choi et al. 2018; dorefa: Zhou "
                 "et al. 2016",
       .choices = {"minmax", "lsq", "pact", "dorefa"}},
      StudentRanges::AveragesParam(),
      {.name = "ranges_from",
       .type = ParamType::kChoice,
       .default_value = "images",
       .meaning = "what the moving averages are of: the images, or those of a small generator "
                  "(GDFQ's) that is trained meanwhile and then thrown away",
       .source = "generator: IntraQ's released code",
       .choices = {"images", "generator"}},
      {.name = "generator_batch",
       .type = ParamType::kInt,
       .default_value = 16,
       .meaning = "images of one step of that generator",
       .unit = "images",
       .source = "IntraQ's released code",
       .min = 1,
       .neutral = 16},
      {.name = "range_lr",
       .type = ParamType::kFloat,
       .default_value = 1e-4,
       .meaning = "learning rate of learned ranges, on the same schedule",
       .min = 0},
      {.name = "range_decay",
       .type = ParamType::kFloat,
       .default_value = 0.0,
       .meaning = "L2 of learned ranges; PACT needs it to narrow",
       .min = 0}};
}

std::vector<ParamSpec> ImageParams() {
  return {
      {.name = "labels",
       .type = ParamType::kChoice,
       .default_value = "predicted",
       .meaning = "y: the class that the teacher sees, or the one that the image was made for",
       .source = "asked: IntraQ",
       .choices = {"predicted", "asked"}},
      {.name = "augment",
       .type = ParamType::kBool,
       .default_value = false,
       .meaning = "train on every image through a window of 50 to 100 % of it, mirrored by chance; "
                  "the teacher sees the same",
       .source = "IntraQ"},
      Snapshots::Param(),
      ShareParam("heldout", 0.1, "of the images: not trained on, to score the snapshots on",
                 "Zerosweep")};
}

}  // namespace

std::vector<ParamSpec> FinetuneParams() {
  std::vector<ParamSpec> params = Joined(LoopParams(), OptimiserParams());
  params = Joined(std::move(params), RangeParams());
  params = Joined(std::move(params), ImageParams());
  return Joined(std::move(params), DistillationParams(1, "element"));
}

namespace {

// Shares of the steps, with commas in between, as FallsOf reads them.
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
