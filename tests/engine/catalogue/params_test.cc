#include "engine/catalogue/params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace zerosweep {
namespace {

enum class Colour { kRed, kBlue };

struct InnerSettings {
  int64_t steps = 0;
  bool loud = false;
};

struct Settings {
  InnerSettings inner;
  double rate = 0;
  std::string name;
  Colour colour = Colour::kRed;
  bool dark = false;
  int64_t unbound = 7;
};

Params<InnerSettings> InnerParams() {
  return {Bind(&InnerSettings::steps, BudgetParam("steps", {100, 10, 1}, "", "", "")),
          Bind(&InnerSettings::loud, {.name = "loud", .default_value = true})};
}

Params<Settings> AllParams() {
  return {Bind(&Settings::rate, RateParam("rate", 0.5, "", "")),
          Part(&Settings::inner, InnerParams()),
          Bind(&Settings::name, {.name = "name", .default_value = "x", .neutral = "nobody"}),
          Bind(&Settings::colour, {.name = "colour", .default_value = "blue"},
               {{"blue", Colour::kBlue}, {"red", Colour::kRed}}),
          Bind(&Settings::dark, {.name = "shade", .default_value = "light"},
               {{"light", false}, {"dark", true}})};
}

std::string Refusal(const Json& given) {
  try {
    AllParams().Read("paint", given);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "none";
}

TEST(ParamsTest, TypesFollowFromTheMembersAndTheOrderIsThatOfTheList) {
  std::vector<std::pair<std::string, ParamType>> types;
  for (const ParamSpec& spec : AllParams().specs()) types.emplace_back(spec.name, spec.type);
  EXPECT_THAT(types, testing::ElementsAre(testing::Pair("rate", ParamType::kFloat),
                                          testing::Pair("steps", ParamType::kInt),
                                          testing::Pair("loud", ParamType::kBool),
                                          testing::Pair("name", ParamType::kString),
                                          testing::Pair("colour", ParamType::kChoice),
                                          testing::Pair("shade", ParamType::kChoice)));
}

TEST(ParamsTest, TheChoicesAreTheWordsInTheirOrder) {
  const std::vector<ParamSpec> specs = AllParams().specs();
  EXPECT_EQ(specs[4].choices, (std::vector<std::string>{"blue", "red"}));
  EXPECT_EQ(specs[5].choices, (std::vector<std::string>{"light", "dark"}));
  EXPECT_TRUE(specs[0].choices.empty());
}

TEST(ParamsTest, GivenValuesReachTheirMembersAlsoInParts) {
  const Settings settings = AllParams().Read("paint", {{"rate", 2},
                                                       {"steps", 3},
                                                       {"loud", false},
                                                       {"name", "y"},
                                                       {"colour", "red"},
                                                       {"shade", "dark"}});
  EXPECT_EQ(settings.rate, 2);
  EXPECT_EQ(settings.inner.steps, 3);
  EXPECT_FALSE(settings.inner.loud);
  EXPECT_EQ(settings.name, "y");
  EXPECT_EQ(settings.colour, Colour::kRed);
  EXPECT_TRUE(settings.dark);
  EXPECT_EQ(settings.unbound, 7);
}

// A stage's name leaves neutral values out, and no others.
TEST(ParamsTest, WhatIsLeftOutIsNeutralOrElseTheDefault) {
  const Settings settings = AllParams().Read("paint", Json::object());
  EXPECT_EQ(settings.name, "nobody");
  EXPECT_EQ(settings.rate, 0.5);
  EXPECT_EQ(settings.inner.steps, 100);
  EXPECT_TRUE(settings.inner.loud);
  EXPECT_EQ(settings.colour, Colour::kBlue);
  EXPECT_FALSE(settings.dark);
}

TEST(ParamsTest, ANameThatIsNotDeclaredIsRefusedWithTheNearest) {
  EXPECT_EQ(Refusal({{"step", 3}}), "'paint' has no parameter 'step', did you mean 'steps'?");
}

TEST(ParamsTest, AWordThatIsNoChoiceIsRefused) {
  EXPECT_EQ(Refusal({{"colour", "green"}}), "'colour' is 'green', must be one of: blue, red");
}

}  // namespace
}  // namespace zerosweep
