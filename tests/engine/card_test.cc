#include "engine/models/card.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

ModelCard Card() {
  return {.name = "small",
          .arch = "resnet20_cifar_a",
          .dataset = "fashion_mnist",
          .input_shape = {1, 28, 28},
          .classes = 10,
          .mean = {0.286},
          .std = {0.353},
          .top1 = 93.41,
          .test_images = 10000,
          .seed = 1,
          .recipe = {{"epochs", 18}},
          .weights_file = "small.safetensors",
          .weights_sha256 = std::string(64, 'a')};
}

std::string Defect(const Json& json) {
  try {
    ModelCardFromJson(json, "card.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "none";
}

TEST(CardTest, GoesThroughAFile) {
  const TempFolder folder;
  WriteFileAtomically(folder / "card.json", ToJson(Card()).dump(1));
  EXPECT_EQ(ToJson(ReadModelCard(folder / "card.json")), ToJson(Card()));
}

TEST(CardTest, EveryKeyIsRequired) {
  const Json whole = ToJson(Card());
  EXPECT_EQ(Defect(whole), "none");
  for (const auto& [key, value] : whole.items()) {
    Json json = whole;
    json.erase(key);
    EXPECT_EQ(Defect(json), "card.json: the key '" + key + "' is missing");
  }
}

TEST(CardTest, DefectsAreNamed) {
  const auto with = [](const std::string& key, const Json& value) {
    Json json = ToJson(Card());
    json[key] = value;
    return Defect(json);
  };
  EXPECT_EQ(with("topl", 3), "card.json: unknown key 'topl', did you mean 'top1'?");
  EXPECT_EQ(with("classes", "ten"), "card.json: 'classes' is \"ten\", which is of the wrong type");
  EXPECT_EQ(with("classes", 0), "card.json: 'classes' is 0");
  EXPECT_EQ(with("input_shape", {28, 28}),
            "card.json: 'input_shape' must be three positive numbers C, H, W");
  EXPECT_EQ(with("mean", {0.1, 0.2}),
            "card.json: 'mean' and 'std' must have 1 values, one a channel");
  EXPECT_EQ(with("std", Json::array({0.0})), "card.json: 'std' must be positive");
  EXPECT_EQ(with("top1", 934.1), "card.json: 'top1' is 934.1 per cent");
  EXPECT_EQ(with("weights_sha256", std::string(64, 'G')),
            "card.json: 'weights_sha256' must be 64 lower-case hexadecimal digits");
  EXPECT_EQ(Defect(Json::array()), "card.json: a model card is a JSON object");
}

}  // namespace
}  // namespace zerosweep
