#include "reports/differences.h"

#include <gmock/gmock.h>

namespace zerosweep {
namespace {

using testing::ElementsAre;

TEST(DifferencesTest, NameWhatIsNotTheSameInAll) {
  const Json plain = Json::parse(R"({"quantizer": {"name": "finetune", "params":
      {"weights": "minmax", "lr": 0.001, "batch": 64}}, "synthesizer": {"params": {"batch": 8}},
      "threads": {"quantize": 1}})");
  Json learned = plain;
  learned["quantizer"]["params"]["weights"] = "lsq";
  learned["threads"]["quantize"] = 4;
  Json hasty = learned;
  hasty["quantizer"]["params"]["lr"] = 0.01;
  EXPECT_THAT(Differences({plain, learned}),
              ElementsAre(ElementsAre("weights=minmax"), ElementsAre("weights=lsq")));
  EXPECT_THAT(
      Differences({plain, learned, hasty}),
      ElementsAre(ElementsAre("lr=0.001", "weights=minmax"), ElementsAre("lr=0.001", "weights=lsq"),
                  ElementsAre("lr=0.01", "weights=lsq")));
  EXPECT_THAT(Differences({plain}), ElementsAre(testing::IsEmpty()));
}

TEST(DifferencesTest, ANameThatTwoPartsHaveSaysWhose) {
  const Json one = Json::parse(
      R"({"quantizer": {"params": {"batch": 1}}, "synthesizer": {"params": {"batch": 2}}})");
  Json other = one;
  other["quantizer"]["params"]["batch"] = 3;
  other["synthesizer"]["params"]["batch"] = 4;
  EXPECT_THAT(Differences({one, other}),
              ElementsAre(ElementsAre("quantizer.batch=1", "synthesizer.batch=2"),
                          ElementsAre("quantizer.batch=3", "synthesizer.batch=4")));
}

TEST(DifferencesTest, AParameterThatOnlyOneHasIsItsOwn) {
  EXPECT_THAT(Differences({{{"bits", "w4a4"}}, {{"bits", "w4a4"}, {"sensitivity", {{"p", 2}}}}}),
              ElementsAre(testing::IsEmpty(), ElementsAre("p=2")));
}

}  // namespace
}  // namespace zerosweep
