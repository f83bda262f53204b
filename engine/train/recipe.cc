// The recipe of a teacher as parameters of the catalogue and as JSON.
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "engine/train/teacher.h"

namespace zerosweep {
namespace {

void CheckValue(const ParamSpec& spec, const Json& value) {
  const bool fits = spec.type == ParamType::kBool  ? value.is_boolean()
                    : spec.type == ParamType::kInt ? value.is_number_integer()
                                                   : value.is_number();
  if (!fits) {
    Fail(ErrorKind::kUsage, "teacher recipe: '{}' must be of type {}, not {}", spec.name,
         ToString(spec.type), value.dump());
  }
  if (!value.is_number()) return;
  const double number = value.get<double>();
  if ((spec.min && number < *spec.min) || (spec.max && number > *spec.max)) {
    Fail(ErrorKind::kUsage, "teacher recipe: '{}' is {}, but must lie in [{}, {}]", spec.name,
         value.dump(), spec.min ? fmt::format("{}", *spec.min) : "-∞",
         spec.max ? fmt::format("{}", *spec.max) : "∞");
  }
}

}  // namespace

std::vector<ParamSpec> TeacherParams() {
  const TeacherRecipe d;
  const auto param = [](const char* name, ParamType type, Json value, const char* meaning,
                        double min, std::optional<double> max = {}, const char* unit = "") {
    return ParamSpec{.name = name,
                     .type = type,
                     .default_value = std::move(value),
                     .meaning = meaning,
                     .unit = unit,
                     .min = min,
                     .max = max};
  };
  return {
      param("epochs", ParamType::kInt, d.epochs, "passes over the training images", 1, {},
            "epochs"),
      param("batch", ParamType::kInt, d.batch, "images a step", 2, {}, "images"),
      param("lr", ParamType::kFloat, d.lr, "highest learning rate", 0),
      param("momentum", ParamType::kFloat, d.momentum, "Nesterov momentum", 0, 1),
      param("weight_decay", ParamType::kFloat, d.weight_decay,
            "L2 on convolution and linear weights", 0),
      param("warmup_epochs", ParamType::kFloat, d.warmup_epochs, "linear rise of the learning rate",
            0, {}, "epochs"),
      param("crop_padding", ParamType::kInt, d.crop_padding,
            "zero pixels around the image before the crop", 0, {}, "pixels"),
      ParamSpec{.name = "flip",
                .type = ParamType::kBool,
                .default_value = d.flip,
                .meaning = "mirror images left-right with probability 1/2"},
      param("label_smoothing", ParamType::kFloat, d.label_smoothing,
            "share of the target spread evenly", 0, 1),
  };
}

Json ToJson(const TeacherRecipe& recipe) {
  return {{"epochs", recipe.epochs},
          {"batch", recipe.batch},
          {"lr", recipe.lr},
          {"momentum", recipe.momentum},
          {"weight_decay", recipe.weight_decay},
          {"warmup_epochs", recipe.warmup_epochs},
          {"crop_padding", recipe.crop_padding},
          {"flip", recipe.flip},
          {"label_smoothing", recipe.label_smoothing},
          {"seed", recipe.seed}};
}

TeacherRecipe TeacherRecipeFromJson(const Json& json) {
  std::vector<ParamSpec> specs = TeacherParams();
  specs.push_back(
      {.name = "seed", .type = ParamType::kInt, .default_value = 0, .meaning = "", .min = 0});
  std::vector<std::string> known;
  for (const ParamSpec& spec : specs) known.push_back(spec.name);
  for (const auto& [key, value] : json.items()) {
    const auto found = std::find(known.begin(), known.end(), key);
    if (found == known.end()) {
      Fail(ErrorKind::kUsage, "teacher recipe: unknown key '{}'{}", key, Suggestion(key, known));
    }
    CheckValue(specs[static_cast<size_t>(found - known.begin())], value);
  }
  TeacherRecipe r;
  r.epochs = json.value("epochs", r.epochs);
  r.batch = json.value("batch", r.batch);
  r.lr = json.value("lr", r.lr);
  r.momentum = json.value("momentum", r.momentum);
  r.weight_decay = json.value("weight_decay", r.weight_decay);
  r.warmup_epochs = json.value("warmup_epochs", r.warmup_epochs);
  r.crop_padding = json.value("crop_padding", r.crop_padding);
  r.flip = json.value("flip", r.flip);
  r.label_smoothing = json.value("label_smoothing", r.label_smoothing);
  r.seed = json.value("seed", r.seed);
  return r;
}

}  // namespace zerosweep
