#include "sweeps/grammar/yaml_tree.h"

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

TEST(YamlTreeTest, BooleansAndNullAreThoseOfTheCoreSchema) {
  EXPECT_EQ(ParseYaml("[TRUE, True, FALSE, False, Null, NULL, yes, off, 1_000]", "s.yaml").ToJson(),
            Json({true, true, false, false, nullptr, nullptr, "yes", "off", "1_000"}));
}

TEST(YamlTreeTest, MergeKeysAreCarriedOut) {
  const auto merged = [](const std::string& yaml) {
    return ParseYaml("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nm:\n" + yaml, "s.yaml")
        .Find("m")
        ->ToJson();
  };
  EXPECT_EQ(merged("  <<: *a\n  y: 5\n"), Json({{"x", 1}, {"y", 5}}));
  EXPECT_EQ(merged("  y: 5\n  <<: *a\n"), Json({{"x", 1}, {"y", 5}})) << "in either order";
  EXPECT_EQ(merged("  <<: [*a, *b]\n"), Json({{"x", 1}, {"y", 2}, {"z", 4}})) << "the first wins";
  EXPECT_EQ(merged("  <<: {w: 0}\n  k: {<<: *b, z: 5}\n"),
            Json({{"w", 0}, {"k", {{"y", 3}, {"z", 5}}}}));
  EXPECT_EQ(merged("  '<<': 1\n"), Json({{"<<", 1}})) << "a quoted key is a key";
  const YamlNode root = ParseYaml("a: &a\n  x: 1\nm: {<<: *a, y: 2}\n", "s.yaml");
  EXPECT_EQ(root.Find("m")->members[0].key, "x") << "what is merged comes first";
  EXPECT_EQ(root.Find("m")->members[0].where, "s.yaml:2");
}

TEST(YamlTreeTest, WhatCannotBeMergedIsRefused) {
  EXPECT_EQ(ErrorOf("a: &a [1]\nm: {<<: *a}\n"),
            "s.yaml:1: << merges 1, but it takes a map or a list of maps, such as *anchor");
  EXPECT_THAT(ErrorOf("m:\n  <<:\n"), testing::HasSubstr("<< merges empty, but it takes a map"));
  EXPECT_EQ(ErrorOf("m: {<<: {x: 1}, <<: {y: 2}}\n"),
            "s.yaml:1: key '<<' is given twice (first at s.yaml:1), remove one");
}

TEST(YamlTreeTest, TextsThatYamlCppHasNoWordsForAreExplained) {
  for (const char* text : {"a: 1\ng:\n\tb: 1\n", "a: 1\ng:\n \tb: 1\n", "a:\n  b: 1\n\tc: 2\n",
                           "a: 1\ng:\n\t- 1\n\t- 2\n"}) {
    EXPECT_EQ(ErrorOf(text), "s.yaml:3: the line is indented with a tab; YAML takes blanks only")
        << text;
  }
  EXPECT_THAT(ErrorOf("a:\tb\n\nc: d: e\n"), testing::Not(testing::HasSubstr("tab")))
      << "tabs elsewhere are no error";
  EXPECT_THAT(ErrorOf(std::string("a: 1\nb\0c: 2\n", 12)),
              testing::StartsWith("s.yaml:2: holds a NUL byte: a sweep is plain text"));
  EXPECT_THAT(ErrorOf(std::string("a\0:\0", 4)), testing::HasSubstr("UTF-16 is not"));
  for (const std::string& text : {std::string(20'000, '['), std::string(20'000, '{')}) {
    EXPECT_EQ(ErrorOf(text),
              "s.yaml:1: the text is nested too deeply to be read: close the brackets");
  }
  std::string blocks;
  for (int i = 0; i < 3'000; ++i) blocks += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(ErrorOf(blocks), testing::HasSubstr("nested too deeply"));
  EXPECT_THAT(ErrorOf("a: \"C:\\data\"\n"), testing::HasSubstr("take single quotes"));
  EXPECT_THAT(ErrorOf("a: \"C:\\x\"\n"), testing::HasSubstr("take single quotes"));
  EXPECT_THAT(ErrorOf("a: \"C:\\users\"\n"), testing::HasSubstr("take single quotes"));
  EXPECT_THAT(ErrorOf("a: @x\n"), testing::HasSubstr("must stand in quotes"));
  EXPECT_THAT(ErrorOf("a: b: c\n"), testing::HasSubstr("a value that holds ': ' must stand in"));
  EXPECT_EQ(ParseYaml("\xef\xbb\xbf"
                      "a: 1\n",
                      "s.yaml")
                .ToJson(),
            Json({{"a", 1}}))
      << "a BOM";
}

TEST(YamlTreeTest, PathsKnowTheHomeFolderAndTheEnvironment) {
  const auto path = [](const std::string& yaml) {
    return RequirePath(ParseYaml(yaml, "s.yaml"), "data").string();
  };
  setenv("ZS_TEST_ROOT", "/mnt/a b", 1);
  unsetenv("ZS_TEST_NONE");
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(path("~/data"), "/home/me/data");
  EXPECT_EQ(path("'~'"), "/home/me");
  EXPECT_EQ(path("$ZS_TEST_ROOT/x"), "/mnt/a b/x");
  EXPECT_EQ(path("${ZS_TEST_ROOT}x/$ZS_TEST_ROOT"), "/mnt/a bx//mnt/a b");
  for (const char* same : {"plain/x", "a~b", "cost$", "~bob/x", "$(x)", "=1+1", "-x", "a#b"})
    EXPECT_EQ(path(same), same);
  const auto error = [&](const std::string& yaml) -> std::string {
    try {
      return "no error: " + path(yaml);
    } catch (const Error& defect) {
      return defect.what();
    }
  };
  EXPECT_EQ(
      error("a/$ZS_TEST_NONE/b"),
      "s.yaml:1: data is 'a/$ZS_TEST_NONE/b', but the environment has no ZS_TEST_NONE: set it, "
      "or write it out");
  EXPECT_EQ(error("~"),
            "s.yaml:1: data is empty (an unquoted ~ is YAML's word for that), must be a path");
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
  EXPECT_EQ(ErrorOf("a: \xff\xfe\n"), "s.yaml: the text is not valid UTF-8: save it as that");
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

TEST(YamlTreeTest, WhatIsWrittenIsReadAgain) {
  for (const char* text : {"a: 1", "a: {b: [w4a4, {w: 4, a: 8}], c: ~}", "'x: #': 3",
                           "a: \"1\"\nb: 'yes: \\\\d+ # no'", "a: []", "a: {}",
                           "a: \"/ä/it's \\\" there\"", "- [1, 2]\n- word"}) {
    const YamlNode tree = ParseYaml(text, "s.yaml");
    EXPECT_EQ(ParseYaml(ToYaml(tree), "t.yaml").ToJson(), tree.ToJson()) << ToYaml(tree);
  }
}

}  // namespace
}  // namespace zerosweep
