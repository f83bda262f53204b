#include "storage/results/stage_text.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

// Cutting the text at the seed changes no name.
TEST(StageTextTest, NamesAreThoseOfTheWholeStage) {
  const std::vector<StageRow> stages = {{std::string(64, 'a')}, {std::string(64, 'b')}};
  for (const char* params : {"{}", R"({"a": 1.0})", R"({"zeta": [1, "two"]})",
                             R"({"name": "zeroq", "sed": null, "t": {"seed": 3}, "z\"": true})"}) {
    StageDesign design{.kind = "quantize",
                       .revision = 3,
                       .params = Json::parse(params),
                       .roles = {"images", "teacher"}};
    const StageText text(design);
    StageRow stage{"", std::make_shared<const StageDesign>(design), std::nullopt, {0, 1}};
    for (const std::optional<int64_t> seed : {std::optional<int64_t>(), std::optional<int64_t>(0),
                                              std::optional<int64_t>(1'000'000'000'000)}) {
      stage.seed = seed;
      EXPECT_EQ(text.Name(seed, {stages[0].name, stages[1].name}),
                SpecOf(stage, stages).ComputeName());
    }
  }
}

}  // namespace
}  // namespace zerosweep
