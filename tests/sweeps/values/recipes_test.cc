// Recipes: the same checks as a sweep's, and the build step that embeds them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "sweeps/values/methods.h"
#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

const std::string kRecipe =
    "name: mine\nsummary: words\nsynthesizer: {zeroq: {images: 32, lr: 1}}\n"
    "quantizer: {minmax: {}}\nprotocol: {preset: genie, first_w: 4}\n";

Recipe Parsed(const std::string& yaml) {
  const Catalogue catalogue(TestDeclarations(), {});
  return ParseRecipe(ParseYaml(yaml, "mine.yaml"), catalogue);
}

std::string ErrorOf(const std::string& yaml) {
  try {
    Parsed(yaml);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(RecipesTest, AreTypedByTheCatalogue) {
  const Recipe recipe = Parsed(kRecipe);
  EXPECT_EQ(recipe.name, "mine");
  EXPECT_EQ(recipe.summary, "words");
  EXPECT_EQ(recipe.paper, "");
  EXPECT_EQ(recipe.synthesizer->name, "zeroq");
  EXPECT_EQ(recipe.synthesizer->params, Json({{"images", 32}, {"lr", 1.0}}));
  EXPECT_EQ(recipe.quantizer.name, "minmax");
  EXPECT_EQ(recipe.quantizer.params, Json::object());
  EXPECT_EQ(recipe.protocol.usual.preset, "genie");
  EXPECT_EQ(recipe.protocol.usual.changed, Json({{"first_w", 4}}));
  EXPECT_EQ(recipe.variant, "code");
}

TEST(RecipesTest, AreTheSameOnceTheyAreCompiledIn) {
  const Json compiled = ToJson(TestRecipes());
  EXPECT_EQ(ToJson(RecipesFromJson(Json::parse(compiled.dump()))), compiled);
}

TEST(RecipesTest, MayHaveAProtocolByVariant) {
  const std::string head = "name: x\nsummary: y\nsynthesizer: zeroq\nquantizer: minmax\n";
  const RecipeProtocol read =
      Parsed(head + "protocol: {code: zeroq, paper: {preset: genie, first_w: 4}}\n").protocol;
  EXPECT_EQ(read.Of("code").preset, "zeroq");
  EXPECT_EQ(read.Of("fixed").preset, "zeroq");
  EXPECT_EQ(read.Of("paper").preset, "genie");
  EXPECT_EQ(read.Of("paper").changed, Json({{"first_w", 4}}));
  EXPECT_EQ(ErrorOf(head + "protocol: {paper: zeroq}\n"),
            "mine.yaml:5: protocol by variant has no choice for code");
  EXPECT_EQ(ErrorOf(head + "protocol: {code: zeroq, papr: genie}\n"),
            "mine.yaml:5: unknown key 'papr' in protocol, did you mean 'paper'?");
}

TEST(RecipesTest, AreRefusedAsASweepWouldBe) {
  EXPECT_EQ(ErrorOf("name: x\n"), "mine.yaml:1: the recipe has no summary");
  EXPECT_EQ(ErrorOf(kRecipe + "papers: y\n"),
            "mine.yaml:6: unknown key 'papers' in the recipe, did you mean 'paper'?");
  EXPECT_EQ(ErrorOf(kRecipe + "variant: new\n"),
            "mine.yaml:6: variant is 'new', must be one of code, paper, fixed");
  EXPECT_EQ(ErrorOf("name: x\nsummary: y\nprotocol: zeroq\nquantizer: minmax\n"
                    "synthesizer: {zeroq: {imges: 3}}\n"),
            "mine.yaml:5: unknown key 'imges' in zeroq, did you mean 'images'?");
  EXPECT_EQ(ErrorOf("name: x\nsummary: y\nprotocol: zeroq\nsynthesizer: zeroq\n"
                    "quantizer: min_max\n"),
            "mine.yaml:5: unknown quantizer 'min_max', did you mean 'minmax'?");
}

TEST(RecipesTest, HaveASynthesizerUnlessTheirQuantizerIsJoint) {
  const std::string head = "name: x\nsummary: y\nprotocol: zeroq\n";
  EXPECT_FALSE(Parsed(head + "quantizer: joint\n").synthesizer);
  EXPECT_EQ(ErrorOf(head + "quantizer: joint\nsynthesizer: zeroq\n"),
            "mine.yaml:1: the recipe has a synthesizer, but joint makes its own images");
  EXPECT_EQ(ErrorOf(head + "quantizer: minmax\n"),
            "mine.yaml:1: the recipe has no synthesizer, but minmax needs images");
}

}  // namespace
}  // namespace zerosweep
