#include "engine/models/card.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/text.h"
#include "engine/import/input_file.h"

namespace zerosweep {
namespace {

// Throws kUsage unless the values make sense together.
void CheckCard(const ModelCard& card, const std::string& origin) {
  const auto fail = [&](const std::string& what) {
    Fail(ErrorKind::kUsage, "{}: {}", origin, what);
  };
  if (card.input_shape.size() != 3 || std::any_of(card.input_shape.begin(), card.input_shape.end(),
                                                  [](int64_t n) { return n < 1; })) {
    fail("'input_shape' must be three positive numbers C, H, W");
  }
  const auto channels = static_cast<size_t>(card.input_shape[0]);
  if (card.mean.size() != channels || card.std.size() != channels) {
    fail(fmt::format("'mean' and 'std' must have {} values, one a channel", channels));
  }
  if (std::any_of(card.std.begin(), card.std.end(), [](double s) { return !(s > 0); })) {
    fail("'std' must be positive");
  }
  if (card.classes < 1) fail(fmt::format("'classes' is {}", card.classes));
  if (card.top1 < 0 || card.top1 > 100) fail(fmt::format("'top1' is {} per cent", card.top1));
  const bool hex =
      std::all_of(card.weights_sha256.begin(), card.weights_sha256.end(),
                  [](unsigned char c) { return std::isdigit(c) || (c >= 'a' && c <= 'f'); });
  if (card.weights_sha256.size() != 64 || !hex) {
    fail("'weights_sha256' must be 64 lower-case hexadecimal digits");
  }
}

}  // namespace

Json ToJson(const ModelCard& card) {
  return {{"name", card.name},
          {"arch", card.arch},
          {"dataset", card.dataset},
          {"input_shape", card.input_shape},
          {"classes", card.classes},
          {"mean", card.mean},
          {"std", card.std},
          {"top1", card.top1},
          {"test_images", card.test_images},
          {"seed", card.seed},
          {"recipe", card.recipe},
          {"weights_file", card.weights_file},
          {"weights_sha256", card.weights_sha256}};
}

ModelCard ModelCardFromJson(const Json& json, const std::string& origin) {
  if (!json.is_object()) Fail(ErrorKind::kUsage, "{}: a model card is a JSON object", origin);
  std::vector<std::string> known;
  const Json keys = ToJson(ModelCard{});
  for (const auto& [key, value] : keys.items()) known.push_back(key);
  for (const auto& [key, value] : json.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      Fail(ErrorKind::kUsage, "{}: unknown key '{}'{}", origin, key, Suggestion(key, known));
    }
  }
  ModelCard card;
  const auto take = [&](const char* key, auto& target) {
    if (!json.contains(key)) Fail(ErrorKind::kUsage, "{}: the key '{}' is missing", origin, key);
    try {
      json[key].get_to(target);
    } catch (const Json::exception&) {
      Fail(ErrorKind::kUsage, "{}: '{}' is {}, which is of the wrong type", origin, key,
           json[key].dump());
    }
  };
  take("name", card.name);
  take("arch", card.arch);
  take("dataset", card.dataset);
  take("input_shape", card.input_shape);
  take("classes", card.classes);
  take("mean", card.mean);
  take("std", card.std);
  take("top1", card.top1);
  take("test_images", card.test_images);
  take("seed", card.seed);
  take("recipe", card.recipe);
  take("weights_file", card.weights_file);
  take("weights_sha256", card.weights_sha256);
  CheckCard(card, origin);
  return card;
}

ModelCard ReadModelCard(const std::filesystem::path& path) {
  return ModelCardFromJson(ParseJson(ReadInputFile(path, "model card"), path.string()),
                           path.string());
}

}  // namespace zerosweep
