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

bool Holds(const Json& condition) { return AllHold(Json::array({condition}), kFacts); }

TEST(LimitsTest, CompareAFactWithAValue) {
  EXPECT_TRUE(Holds({{"fact", "param.stem"}, {"is", "skip"}}));
  EXPECT_FALSE(Holds({{"fact", "param.stem"}, {"is", "post_act"}}));
  EXPECT_TRUE(Holds({{"fact", "param.stem"}, {"is", {"skip", "pre_bn"}}}));
  EXPECT_FALSE(Holds({{"fact", "param.stem"}, {"is_not", {"skip", "pre_bn"}}}));
  EXPECT_TRUE(Holds({{"fact", "param.stem"}, {"is_not", {"post_act", "pre_bn"}}}));
  EXPECT_TRUE(Holds({{"fact", "param.swing"}, {"is", true}}));
  EXPECT_TRUE(Holds({{"fact", "param.batch"}, {"below", 5}}));
  EXPECT_FALSE(Holds({{"fact", "param.batch"}, {"below", 4}}));
  EXPECT_TRUE(Holds({{"fact", "param.batch"}, {"above", 3.5}}));
  EXPECT_FALSE(Holds({{"fact", "param.batch"}, {"above", 4}}));
}

TEST(LimitsTest, CompareAFactWithAnother) {
  EXPECT_TRUE(Holds({{"fact", "param.latents"}, {"is", {{"fact", "model.features"}}}}));
  EXPECT_TRUE(Holds({{"fact", "param.batch"}, {"below", {{"fact", "model.side"}}}}));
  EXPECT_FALSE(Holds({{"fact", "param.stem"}, {"is", {{"fact", "model.shortcuts.relu"}}}}));
}

TEST(LimitsTest, CompareText) {
  EXPECT_TRUE(Holds({{"fact", "param.falls"}, {"unlike", "[a-z]*"}}));
  EXPECT_FALSE(Holds({{"fact", "param.falls"}, {"unlike", "[0-9., ]*"}}));
}

TEST(LimitsTest, FollowWordsAlongAList) {
  const auto off_path = [](const char* words) {
    const Json param = {{"units", words}};
    return AllHold(Json::array({{{"fact", "param.units"}, {"off_path", {{"fact", "model.ends"}}}}}),
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
  EXPECT_FALSE(Holds({{"fact", "param.units"}, {"starts_off", {"conv1", "relu1"}}}));
  EXPECT_TRUE(Holds({{"fact", "param.units"}, {"starts_off", {"conv1", "fc"}}}));
}

TEST(LimitsTest, WhatIsNotKnownRefusesNothing) {
  EXPECT_FALSE(Holds({{"fact", "trial.labelled"}, {"is", false}}));
  EXPECT_FALSE(Holds({{"fact", "param.ranks"}, {"is_not", 1}}));
  EXPECT_FALSE(Holds({{"fact", "param.batch"}, {"below", {{"fact", "param.ranks"}}}}));
}

TEST(LimitsTest, RefuseWhatMeetsAllConditionsWithTheValuesSeen) {
  const Json of_stem = {{"fact", "param.stem"}, {"is", "skip"}};
  const Json of_side = {{"fact", "model.side"}, {"below", 30}};
  const Json limits = {
      {{"when", {of_stem, of_side}}, {"message", "not this one"}},
      {{"when", Json::array({of_stem})},
       {"message", "stem: {param.stem} at {model.side} pixels {as is} {param.none}"}}};
  EXPECT_EQ(Refusal(limits, kFacts), "stem: skip at 33 pixels {as is} {param.none}");
  EXPECT_EQ(Refusal(Json::array(), kFacts), std::nullopt);
}

TEST(LimitsTest, AreWrittenInKnownWords) {
  EXPECT_THROW(Holds({{"fact", "param.batch"}, {"under", 5}}), Error);
  EXPECT_THROW(Holds({{"fact", "param.batch"}}), Error);
}

}  // namespace
}  // namespace zerosweep
