// Settings against a small catalogue of one's own.
#include "reports/leaderboard/settings.h"

#include <gmock/gmock.h>

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const PaperSettings kTwoPapers = {
    .presets = {},
    .parts = {{{"synthesizer genie_d", "code"},
               {{"images", 1024}, {"iterations", 4000}, {"swing", true}}},
              {{"quantizer qdrop", "code"},
               {{"iterations", 20000}, {"batch", 32}, {"lr", "reference"}, {"warmup", 0.2}}},
              {{"quantizer gdfq", "fixed"}, {{"lr", 0.0001}, {"distillation", 1.0}}},
              {{"correct", "code"}, {{"lamb_c", 0.02}, {"batch", 8}}}},
    .recipes = {{"mine",
                 {{"protocol", {{"code", "qdrop"}}},
                  {"synthesizer", {{"images", 64}}},
                  {"quantizer", {{"warmup", 0.5}, {"lamb_c", 0.1}}}}}}};

Json Configuration() {
  return {
      {"synthesizer",
       {{"name", "genie_d"},
        {"params", {{"images", 1024}, {"iterations", 4000}, {"swing", true}}}}},
      {"quantizer",
       {{"name", "qdrop"},
        {"params", {{"iterations", 20000}, {"batch", 32}, {"lr", "reference"}, {"warmup", 0.2}}}}}};
}

std::vector<std::string> Others(const Json& configuration, const std::string& recipe = "") {
  std::vector<std::string> texts;
  const Json papers = PapersConfiguration(configuration, recipe, "code", kTwoPapers);
  for (const Setting& setting : NotPapers(configuration, papers)) {
    EXPECT_NE(*setting.papers, setting.value);
    texts.push_back(Assignment(setting));
  }
  return texts;
}

TEST(SettingsTest, ThePapersOwnConfigurationHasNone) {
  EXPECT_THAT(Others(Configuration()), IsEmpty());
}

TEST(SettingsTest, WhatDiffersStandsInTheOrderOfImportance) {
  Json configuration = Configuration();
  Json& quantizer = configuration["quantizer"]["params"];
  quantizer["warmup"] = 0.1;
  quantizer["batch"] = 16;
  quantizer["lr"] = "scaled";
  quantizer["unheard_of"] = 3;
  configuration["synthesizer"]["params"]["images"] = 256;
  EXPECT_THAT(Others(configuration),
              ElementsAre("lr=scaled", "images=256", "batch=16", "warmup=0.1"));
}

TEST(SettingsTest, ANameThatTwoPartsHaveSaysWhose) {
  Json configuration = Configuration();
  configuration["synthesizer"]["params"]["iterations"] = 10;
  configuration["quantizer"]["params"]["iterations"] = 20;
  EXPECT_THAT(Others(configuration),
              ElementsAre("quantizer.iterations=20", "synthesizer.iterations=10"));
  configuration["correct"] = {{"lamb_c", 0.5}, {"batch", 9}};
  EXPECT_THAT(Others(configuration),
              ElementsAre("quantizer.iterations=20", "synthesizer.iterations=10", "correct.batch=9",
                          "lamb_c=0.5"));
}

TEST(SettingsTest, ARecipeStandsForItsPaper) {
  Json configuration = Configuration();
  configuration["correct"] = {{"lamb_c", 0.1}, {"batch", 8}};
  EXPECT_THAT(Others(configuration, "mine"), ElementsAre("images=1024", "warmup=0.2"));
  configuration["synthesizer"]["params"]["images"] = 64;
  configuration["quantizer"]["params"]["warmup"] = 0.5;
  EXPECT_THAT(Others(configuration, "mine"), IsEmpty());
  EXPECT_THAT(Others(configuration), ElementsAre("images=64", "lamb_c=0.1", "warmup=0.5"));
}

TEST(SettingsTest, WithoutAPartOfTheCatalogueNothingIsKnown) {
  EXPECT_TRUE(PapersConfiguration(Configuration(), "", "paper", kTwoPapers).is_null());
  Json configuration = Configuration();
  configuration["quantizer"]["name"] = "gone";
  EXPECT_TRUE(PapersConfiguration(configuration, "", "code", kTwoPapers).is_null());
}

TEST(SettingsTest, PeopleSeeCommasQuotedAndDigestsCut) {
  const auto phrase = [](const Json& value) {
    return Phrase({"/a/params/b", "b", value, {}, false});
  };
  EXPECT_EQ(phrase(0.0001), "b 0.0001");
  EXPECT_EQ(phrase("0.1, 0.2"), "b '0.1, 0.2'");
  EXPECT_EQ(phrase(std::string(64, 'a')), "b aaaaaaaaaaaa");
  EXPECT_EQ(phrase(std::string(63, 'a')), "b " + std::string(63, 'a'));
}

TEST(SettingsTest, AsFewDifferencesAsTellAllApart) {
  Json first = Configuration(), second = first, third = first;
  second["quantizer"]["params"]["lr"] = "scaled";
  second["quantizer"]["params"]["warmup"] = 0;
  third["quantizer"]["params"]["lr"] = "scaled";
  third["quantizer"]["params"]["warmup"] = 1;
  third["evaluate"]["limit"] = 1;
  const auto apart = [](const std::vector<Json>& configurations) {
    std::vector<std::vector<Setting>> settings(configurations.size());
    std::vector<Namesake> namesakes;
    const Json papers = PapersConfiguration(configurations.front(), "", "code", kTwoPapers);
    for (size_t i = 0; i < configurations.size(); ++i)
      namesakes.push_back({configurations[i], &papers, &settings[i]});
    MarkDifferences(namesakes);
    std::vector<std::vector<std::string>> texts(settings.size());
    for (size_t i = 0; i < settings.size(); ++i)
      for (const Setting& setting : settings[i])
        texts[i].push_back(Assignment(setting) + (setting.IsPapers() ? " of the paper" : ""));
    return texts;
  };
  EXPECT_THAT(apart({first, second}),
              ElementsAre(ElementsAre("lr=reference of the paper"), ElementsAre("lr=scaled")));
  // One was made before there was a limit: those that have it must say so.
  EXPECT_THAT(apart({first, second, third}),
              ElementsAre(ElementsAre("lr=reference of the paper"), ElementsAre("lr=scaled"),
                          ElementsAre("lr=scaled", "evaluate.limit=1")));
}

TEST(DifferingPathsTest, NamesThePlacesThatAreNotTheSameInAll) {
  const Json plain = {{"/a", 1}, {"/b/c", "x"}, {"/d", 0.5}};
  Json other = plain, third = plain;
  other["/b/c"] = "y";
  third["/a"] = 2;
  EXPECT_THAT(DifferingPaths({plain, other}), ElementsAre("/b/c"));
  EXPECT_THAT(DifferingPaths({plain, plain, third, other}), ElementsAre("/a", "/b/c"));
  EXPECT_THAT(DifferingPaths({plain, plain}), IsEmpty());
}

TEST(DifferingPathsTest, WhatOneDoesNotHoldDiffers) {
  const Json with = {{"/a", 1}, {"/b", nullptr}}, without = {{"/a", 1}};
  EXPECT_THAT(DifferingPaths({with, without}), ElementsAre("/b"));
  EXPECT_THAT(DifferingPaths({without, with}), ElementsAre("/b"));
}

}  // namespace
}  // namespace zerosweep
