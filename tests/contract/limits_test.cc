// Each relation both ways, and what a message shows.
#include "contract/limits.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace zerosweep {
namespace {

const Json kParam = {{"stem", "skip"}, {"batch", 4},          {"latents", 64},
                     {"swing", true},  {"units", "relu1 fc"}, {"falls", "0.25, 0.5"}};
const Json kModel = {{"features", 64},
                     {"side", 33},
                     {"ends", {"conv1", "relu1", "add", "fc"}},
                     {"shortcuts", {{"relu", {"own", "fp"}}}}};
const LimitFacts kFacts = {{"param", &kParam}, {"model", &kModel}};

bool Holds(const Condition& condition) { return AllHold({condition}, kFacts); }

TEST(LimitsTest, CompareAFactWithAValue) {
  EXPECT_TRUE(Holds({"param.stem", "is", "skip"}));
  EXPECT_FALSE(Holds({"param.stem", "is", "post_act"}));
  EXPECT_TRUE(Holds({"param.stem", "is", {"skip", "pre_bn"}}));
  EXPECT_FALSE(Holds({"param.stem", "is_not", {"skip", "pre_bn"}}));
  EXPECT_TRUE(Holds({"param.stem", "is_not", {"post_act", "pre_bn"}}));
  EXPECT_TRUE(Holds({"param.swing", "is", true}));
  EXPECT_TRUE(Holds({"param.batch", "below", 5}));
  EXPECT_FALSE(Holds({"param.batch", "below", 4}));
  EXPECT_TRUE(Holds({"param.batch", "above", 3.5}));
  EXPECT_FALSE(Holds({"param.batch", "above", 4}));
}

TEST(LimitsTest, CompareAFactWithAnother) {
  EXPECT_TRUE(Holds({"param.latents", "is", FactNamed("model.features")}));
  EXPECT_TRUE(Holds({"param.batch", "below", FactNamed("model.side")}));
  EXPECT_FALSE(Holds({"param.stem", "is", FactNamed("model.shortcuts.relu")}));
}

TEST(LimitsTest, CompareText) {
  EXPECT_TRUE(Holds({"param.falls", "unlike", "[a-z]*"}));
  EXPECT_FALSE(Holds({"param.falls", "unlike", "[0-9., ]*"}));
}

TEST(LimitsTest, FollowWordsAlongAList) {
  const auto off_path = [](const char* words) {
    const Json param = {{"units", words}};
    return AllHold({{"param.units", "off_path", FactNamed("model.ends")}},
                   {{"param", &param}, {"model", &kModel}});
  };
  EXPECT_FALSE(off_path("relu1 fc"));
  EXPECT_FALSE(off_path("fc"));
  EXPECT_FALSE(off_path("conv1  relu1 add fc"));
  EXPECT_TRUE(off_path("relu1 add")) << "the end is missing";
  EXPECT_TRUE(off_path("add relu1 fc")) << "not in order";
  EXPECT_TRUE(off_path("relu1 relu1 fc")) << "a name twice";
  EXPECT_TRUE(off_path("relu7 fc")) << "an unknown name";
  EXPECT_TRUE(off_path("")) << "no name";
  EXPECT_FALSE(Holds({"param.units", "starts_off", {"conv1", "relu1"}}));
  EXPECT_TRUE(Holds({"param.units", "starts_off", {"conv1", "fc"}}));
}

TEST(LimitsTest, WhatIsNotKnownRefusesNothing) {
  EXPECT_FALSE(Holds({"trial.labelled", "is", false}));
  EXPECT_FALSE(Holds({"param.ranks", "is_not", 1}));
  EXPECT_FALSE(Holds({"param.batch", "below", FactNamed("param.ranks")}));
}

TEST(LimitsTest, RefuseWhatMeetsAllConditionsWithTheValuesSeen) {
  const Condition of_stem = {"param.stem", "is", "skip"};
  const Condition of_side = {"model.side", "below", 30};
  const std::vector<Limit> limits = {
      {{of_stem, of_side}, "not this one"},
      {{of_stem}, "stem: {param.stem} at {model.side} pixels {as is} {param.none}"}};
  EXPECT_EQ(Refusal(limits, kFacts), "stem: skip at 33 pixels {as is} {param.none}");
  EXPECT_EQ(Refusal({}, kFacts), std::nullopt);
}

TEST(LimitsTest, AreWrittenInKnownWords) {
  EXPECT_THROW(Holds({"param.batch", "under", 5}), Error);
}

}  // namespace
}  // namespace zerosweep
