#include "sweeps/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zerosweep {
namespace {

std::string ErrorOf(const std::string& text) {
  try {
    ParseYaml(text, "s.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(YamlTreeTest, TypesScalarsByTheCoreSchema) {
  const Json values =
      ParseYaml("[1, -2, +3, 1.5, 1e3, true, false, null, ~, w8a8, \"1\", 'true']", "s.yaml")
          .ToJson();
  EXPECT_EQ(values,
            Json({1, -2, 3, 1.5, 1000.0, true, false, nullptr, nullptr, "w8a8", "1", "true"}));
  EXPECT_TRUE(values[0].is_number_integer());
  EXPECT_TRUE(values[4].is_number_float());
}

TEST(YamlTreeTest, AnAliasOfItselfIsRefusedInOneLine) {
  for (const char* text : {"grid: &a [*a]", "&a {x: *a}"}) {
    const std::string error = ErrorOf(text);
    EXPECT_THAT(error, testing::HasSubstr("deeper than 100 levels")) << text;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(YamlTreeTest, LeavesWordsThatOnlyResembleNumbersAsWords) {
  for (const char* word : {"inf", "nan", ".inf", "0x10", "1_000", "1.2.3", "12a", "yes"}) {
    EXPECT_EQ(ParseYaml(word, "s.yaml").ToJson(), Json(word)) << word;
  }
}

TEST(YamlTreeTest, KnowsTheLineOfEveryValueAndKey) {
  const YamlNode root = ParseYaml("a: 1\nb:\n  c: [2,\n   3]\n", "s.yaml");
  EXPECT_EQ(root.Find("a")->where, "s.yaml:1");
  EXPECT_EQ(root.members[1].where, "s.yaml:2");
  EXPECT_EQ(root.Find("b")->Find("c")->items[1].where, "s.yaml:4");
}

TEST(YamlTreeTest, RefusesAKeyGivenTwice) {
  EXPECT_EQ(ErrorOf("a: 1\nb: 2\na: 3\n"),
            "s.yaml:3: key 'a' is given twice (first at s.yaml:1), remove one");
  EXPECT_EQ(ErrorOf("x:\n  - {a: 1, a: 1}\n"),
            "s.yaml:2: key 'a' is given twice (first at s.yaml:2), remove one");
}

TEST(YamlTreeTest, NamesTheLineOfBadSyntax) {
  EXPECT_THAT(ErrorOf("a: 1\nb: [1, 2\n"), testing::StartsWith("s.yaml:3: not valid YAML: "));
  EXPECT_THAT(ErrorOf("a: b: c\n"), testing::StartsWith("s.yaml:1: not valid YAML: "));
}

TEST(YamlTreeTest, RefusesTagsOddKeysSecondDocumentsAndBadText) {
  EXPECT_EQ(ErrorOf("a: !!python/object x\n"),
            "s.yaml:1: the YAML tag 'tag:yaml.org,2002:python/object' is not supported, remove it");
  EXPECT_EQ(ErrorOf("? [1, 2]\n: 3\n"), "s.yaml:1: a key must be a plain word");
  EXPECT_EQ(ErrorOf("a: 1\n---\nb: 1\n"),
            "s.yaml:3: a second YAML document begins here: one file holds one");
  EXPECT_EQ(ErrorOf("a: \xff\xfe\n"), "s.yaml: the text is not valid UTF-8");
}

TEST(YamlTreeTest, RefusesControlCharactersThatWouldReachATerminal) {
  const std::string message =
      ": a key or value holds a line break or another control character, remove it";
  EXPECT_EQ(ErrorOf("a: 1\nb: \"\\e[2J\"\n"), "s.yaml:2" + message);
  EXPECT_EQ(ErrorOf("\"a\\nb\": 1\n"), "s.yaml:1" + message);
  EXPECT_EQ(ErrorOf("a: |\n  x\n  y\n"), "s.yaml:1" + message);
}

TEST(YamlTreeTest, RefusesDocumentsThatUnfoldWithoutEnd) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 7; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text +=
        fmt::format("a{0}: &a{0} [{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}]\n", i, last);
  }
  EXPECT_THAT(ErrorOf(text), testing::HasSubstr("unfolds to more than 1000000 values"));
}

TEST(YamlTreeTest, SuggestsTheNearestKey) {
  const YamlNode root = ParseYaml("a: 1\nitertions: 2\n", "s.yaml");
  try {
    RequireKeys(root, {"a", "iterations"}, "zeroq");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "s.yaml:2: unknown key 'itertions' in zeroq, did you mean 'iterations'?");
  }
}

}  // namespace
}  // namespace zerosweep
