#include "tests/support/test_catalogue.h"

#include <algorithm>

namespace zerosweep {
namespace {

using Presence = KindFacts::Presence;
using SetBy = KindFacts::SetBy;

ParamSpec Int(const char* name, int64_t fallback) {
  return {.name = name, .type = ParamType::kInt, .default_value = fallback, .meaning = "for tests"};
}

ParamSpec Float(const char* name, double fallback) {
  return {
      .name = name, .type = ParamType::kFloat, .default_value = fallback, .meaning = "for tests"};
}

ParamSpec Choice(const char* name, std::vector<std::string> choices) {
  return {.name = name,
          .type = ParamType::kChoice,
          .default_value = choices.front(),
          .meaning = "for tests",
          .choices = std::move(choices)};
}

ParamSpec AtLeast(double min, ParamSpec param) {
  param.min = min;
  return param;
}

ParamSpec Neutral(const Json& value, ParamSpec param) {
  param.neutral = value;
  return param;
}

ParamSpec ByProfile(std::map<std::string, Json> profiles, ParamSpec param) {
  param.profiles = std::move(profiles);
  return param;
}

ParamSpec ByVariant(std::map<std::string, Json> variants, ParamSpec param) {
  param.variants = std::move(variants);
  return param;
}

ParamSpec UpTo(double max, ParamSpec param) {
  param.max = max;
  return param;
}

Declaration Entry(const char* name, int revision, std::vector<ParamSpec> params) {
  return {.name = name,
          .summary = "for tests",
          .paper = "Test et al. 2020",
          .revision = revision,
          .params = std::move(params)};
}

Declaration Kind(const char* name, int revision, std::vector<ParamSpec> params, KindFacts facts) {
  Declaration kind = Entry(name, revision, std::move(params));
  kind.facts = std::move(facts);
  return kind;
}

Declaration Method(const char* name, int revision, bool uses_seed, std::vector<ParamSpec> params,
                   MethodFacts facts = {}) {
  Declaration method = Entry(name, revision, std::move(params));
  method.uses_seed = uses_seed;
  method.facts = std::move(facts);
  return method;
}

Declaration NeedsRealData(Declaration method) {
  method.needs = {"real_data"};
  return method;
}

Declaration OnBatchNorms(Declaration method) {
  method.limits.push_back(
      {{{"model.batch_norms", "is", 0}}, "this network has no batch norm: exclude this pair"});
  return method;
}

ProtocolField Bits(const char* name) {
  return {{.name = name, .type = ParamType::kBits, .default_value = "same"}, {"quantize"}};
}

ProtocolField Pixels(const char* name) {
  return {AtLeast(0, Neutral(0, Int(name, 0))), {"teacher", "synthesize", "evaluate"}};
}

ProtocolFields Protocol() {
  return {{{Choice("act_placement", {"relu", "op_output", "op_input"}), {"quantize"}},
           Bits("first_w"),
           Bits("last_w"),
           {Choice("bn", {"kept", "folded"}), {"quantize"}},
           {Neutral("no", Choice("late", {"no", "yes"})), {"quantize"}},
           {Neutral("", {.name = "exclude", .type = ParamType::kString, .default_value = ""}),
            {"quantize"}},
           Pixels("eval_resize"),
           Pixels("eval_crop")},
          {{"zeroq", Json::object()},
           {"genie", {{"act_placement", "op_input"}, {"first_w", 8}, {"last_w", 8}}}}};
}

std::vector<Declaration> Kinds() {
  const ParamSpec integer =
      Neutral(false, {.name = "integer", .type = ParamType::kBool, .default_value = false});
  const ParamSpec limit = ByProfile({{"smoke", 500}}, AtLeast(0, Neutral(0, Int("limit", 0))));
  return {
      Kind("evaluate", 3, {limit, integer, Neutral("paper", Choice("form", {"paper", "exported"}))},
           {.presence = Presence::kAlways,
            .reads = {"teacher", "quantized"},
            .reads_test_images = true,
            .passes = 1}),
      Kind("quantize", 1, {AtLeast(1, UpTo(4096, Neutral(1, Int("ranks", 1))))},
           {.presence = Presence::kAlways,
            .set_by = SetBy::kQuantizer,
            .provides = "quantized",
            .reads = {"teacher", "images", "sensitivity"},
            .runs = Role::kQuantizer}),
      Kind("sensitivity", 2, {Neutral("forward", Choice("divergence", {"forward", "symmetric"}))},
           {.presence = Presence::kMixedBits,
            .set_by = SetBy::kBits,
            .provides = "sensitivity",
            .reads = {"teacher", "images"},
            .passes = 20}),
      Kind("synthesize", 1, {AtLeast(1, ByProfile({{"fast", 2}}, Int("threads", 1)))},
           {.presence = Presence::kSynthesizer,
            .set_by = SetBy::kSynthesizer,
            .provides = "images",
            .reads = {"teacher"},
            .runs = Role::kSynthesizer}),
      Kind("teacher", 2, {limit},
           {.presence = Presence::kAlways,
            .provides = "teacher",
            .reads_weights = true,
            .reads_test_images = true,
            .passes = 1})};
}

std::vector<Declaration> Synthesizers() {
  const ParamSpec images = AtLeast(1, ByProfile({{"smoke", 8}}, Int("images", 64)));
  const ParamSpec init = ByVariant({{"paper", "gaussian"}, {"code", "uniform"}},
                                   Choice("init", {"uniform", "gaussian"}));
  return {Method("constant", 1, false, {images}), Method("noise", 1, true, {images}),
          NeedsRealData(Method("real", 1, true, {images})),
          OnBatchNorms(Method("zeroq", 5, true,
                              {images,
                               AtLeast(1, UpTo(100000, ByProfile({{"fast", 100}, {"smoke", 3}},
                                                                 Int("iterations", 500)))),
                               AtLeast(0, Float("lr", 0.5)),
                               init,
                               {.name = "jitter", .type = ParamType::kBool, .default_value = false},
                               Neutral(0, Float("swing", 0)),
                               {.name = "note",
                                .type = ParamType::kString,
                                .default_value = "none",
                                .neutral = "none"}}))};
}

std::vector<Declaration> Quantizers() {
  return {OnBatchNorms(NeedsRealData(
              Method("joint", 2, true, {AtLeast(0, ByProfile({{"fast", 10}}, Int("warm_up", 100)))},
                     {.joint = true}))),
          Method("minmax", 1, false, {AtLeast(1, Int("batch", 64))}),
          Method("percentile", 1, false, {AtLeast(0.5, UpTo(1, Float("p", 0.99999)))}),
          Method("rounding", 4, true,
                 {ByProfile({{"fast", 50}}, ByVariant({{"paper", 2000}}, Int("iterations", 1000)))},
                 {.groups = true})};
}

Declaration Model(const char* name, ModelFacts facts) {
  Declaration model = Entry(name, 1, {});
  model.facts = std::move(facts);
  return model;
}

std::vector<Declaration> Models() {
  return {
      Model("large_cnn", {.input_shape = {3, 224, 224}, .macs = 4'000'000'000, .batch_norms = 19}),
      Model("plain_cnn", {}),
      Model("resnet20_cifar_a", {.input_shape = {3, 32, 32},
                                 .macs = 40'000'000,
                                 .batch_norms = 19,
                                 .weighted = {"conv1", "conv2", "fc"}})};
}

Declaration Dataset(const char* name, DatasetFacts facts) {
  Declaration dataset = Entry(name, 1, {});
  dataset.facts = std::move(facts);
  return dataset;
}

std::vector<Declaration> Datasets() {
  return {Dataset("cifar10", {.classes = 10,
                              .shape = {3, 32, 32},
                              .files = {{"train", {"data_batch_1.bin", "data_batch_2.bin"}},
                                        {"test", {"test_batch.bin"}},
                                        {"calibration", {"calibration_batch.bin"}}},
                              .fallback = {{"calibration", "train"}},
                              .alternative_folders = {"cifar-10-batches-bin"}}),
          Dataset("fashion_mnist", {.classes = 10,
                                    .shape = {1, 28, 28},
                                    .files = {{"train", {"train-images.gz", "train-labels.gz"}},
                                              {"test", {"t10k-images.gz", "t10k-labels.gz"}}},
                                    .fallback = {{"calibration", "train"}},
                                    .default_folder = "/nonexistent/fashion-mnist",
                                    .debian_package = "dataset-fashion-mnist"}),
          Dataset("image_folder", {.shape = {3, 224, 224},
                                   .folders = {{"train", {"train"}},
                                               {"test", {"val", "test"}},
                                               {"calibration", {"calibration", "train"}}},
                                   .layout = "val/<class>/*"}),
          Dataset("image_list",
                  {.shape = {3, 224, 224},
                   .layout = "labels.csv and images/",
                   .lists = {{"test", "labels.csv"}, {"calibration", "calibration.csv"}}})};
}

Recipe Made(const char* name, std::vector<RecipePart> parts, const char* preset,
            const char* variant) {
  Recipe recipe{.name = name, .paper = "Test et al. 2020", .summary = "for tests"};
  if (parts.size() > 1) recipe.synthesizer = parts.front();
  recipe.quantizer = parts.back();
  recipe.protocol = {{preset}};
  recipe.variant = variant;
  return recipe;
}

}  // namespace

Declarations TestDeclarations() {
  return {Protocol(),
          {{Role::kKind, Kinds()},
           {Role::kSynthesizer, Synthesizers()},
           {Role::kQuantizer, Quantizers()},
           {Role::kModel, Models()},
           {Role::kDataset, Datasets()}}};
}

Declaration& Named(Declarations& declarations, Role role, const std::string& name) {
  std::vector<Declaration>& list = declarations.by_role.at(role);
  return *std::find_if(list.begin(), list.end(),
                       [&](const Declaration& entry) { return entry.name == name; });
}

std::vector<Recipe> TestRecipes() {
  return {Made("joint", {{"joint"}}, "zeroq", "fixed"),
          Made("zeroq", {{"zeroq"}, {"minmax"}}, "zeroq", "code"),
          Made("noise", {{"noise"}, {"minmax"}}, "zeroq", "code"),
          Made("real", {{"real"}, {"minmax"}}, "zeroq", "code"),
          Made("sharp", {{"zeroq", {{"images", 96}}}, {"rounding"}}, "genie", "paper")};
}

}  // namespace zerosweep
