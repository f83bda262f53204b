#include "sweeps/grammar/overrides.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

Json Applied(const std::string& yaml, const std::string& assignment) {
  YamlNode root = ParseYaml(yaml, "s.yaml");
  ApplyOverride(assignment, root);
  return root.ToJson();
}

std::string OverrideError(const std::string& yaml, const std::string& assignment) {
  try {
    Applied(yaml, assignment);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(OverridesTest, SetsMapsListsAndNewKeys) {
  const Json base = {{"a", {{"b", 1}}}, {"c", {1, 2, 3}}};
  const std::string yaml = base.dump();
  EXPECT_EQ(Applied(yaml, "a.b=2")["a"]["b"], 2);
  EXPECT_EQ(Applied(yaml, "c.1=[x, y]")["c"], Json({1, {"x", "y"}, 3}));
  EXPECT_EQ(Applied(yaml, "d.e.f={g: 0.5}")["d"], Json({{"e", {{"f", {{"g", 0.5}}}}}}));
  EXPECT_EQ(Applied(yaml, "a=")["a"], nullptr);
  EXPECT_EQ(Applied(yaml, "a=b=c")["a"], "b=c");
}

TEST(OverridesTest, SaysWhichKeyIsWrong) {
  EXPECT_EQ(OverrideError("a: 1", "a"), "--set a: must be KEY=VALUE");
  EXPECT_EQ(OverrideError("a: 1", "=1"), "--set =1: must be KEY=VALUE");
  EXPECT_EQ(OverrideError("a: 1", "a..b=1"), "--set a..b: the key has an empty part");
  EXPECT_EQ(OverrideError("a: 1", "a.b=1"), "--set a.b: 'a' is the value 1, it has no 'b' inside");
  EXPECT_EQ(OverrideError("a: [1]", "a.1=1"),
            "--set a.1: 'a' is a list of 1, '1' is not an index in it (they start at 0)");
  EXPECT_EQ(OverrideError("a: [1]", "a.x=1"),
            "--set a.x: 'a' is a list of 1, 'x' is not an index in it (they start at 0)");
  EXPECT_EQ(OverrideError("a: 1", "a={b: 1, b: 2}"),
            "--set a: key 'b' is given twice (first at --set a), remove one");
}

TEST(OverridesTest, NamesAndPathsMayBeAnyText) {
  for (const char* text :
       {"a #b",  "#",      "x: y", "[1].pth", "[a]",     "{a}",  "{a}.pth",  "@x",    "%x",
        "`x",    "*x",     "&a b", "!t x",    "| x",     "> x",  "- a",      "? a",   "\"open",
        "'open", "\"a\"b", " led", "ends ",   "a: b: c", "~",    "null b #", "--- a", "=1+1.pth",
        "-x",    "a,b",    "a:b",  "a#b",     "007",     "it's", "$x"}) {
    for (const char* key :
         {"data", "fixed.data", "fixed.model.file", "grid.model.0.card", "name"}) {
      YamlNode root = ParseYaml("grid: {model: [{}]}", "s.yaml");
      const auto note = ApplyOverride(std::string(key) + "=" + text, root);
      const YamlNode* node = &root;
      for (std::istringstream steps(key); node != nullptr && !steps.eof();) {
        std::string step;
        std::getline(steps, step, '.');
        node = step == "0" ? &node->items.at(0) : node->Find(step);
      }
      ASSERT_NE(node, nullptr);
      EXPECT_TRUE(node->is_scalar()) << key << " " << text;
      EXPECT_EQ(node->text, text) << key;
      if (note) {
        EXPECT_TRUE(note->starts_with(
            fmt::format("--set {}: taken as the text '{}', since as YAML", key, text)))
            << *note;
      }
    }
  }
}

TEST(OverridesTest, TextIsSaidToBeTextOnlyWhereYamlWouldReadAnother) {
  const auto note = [](const std::string& assignment) {
    YamlNode root = ParseYaml("a: 1", "s.yaml");
    return ApplyOverride(assignment, root).value_or("none");
  };
  for (const char* plain : {"data=x", "data=a#b", "data='a #b'", "data=\"x\"",
                            "data=", "grid.data=[a, b]", "zip.data=[a, b]", "bits=[w4a4]"}) {
    EXPECT_EQ(note(plain), "none") << plain;
  }
  EXPECT_EQ(note("data=a #b"), "--set data: taken as the text 'a #b', since as YAML it means 'a'");
  EXPECT_EQ(note("data='a' #b"),
            "--set data: taken as the text ''a' #b', since as YAML it means 'a'");
  EXPECT_EQ(note("fixed.data=x: y"),
            "--set fixed.data: taken as the text 'x: y', since as YAML it means {\"x\":\"y\"}");
  EXPECT_EQ(note("data=@x"), "--set data: taken as the text '@x', since as YAML it is not valid");
  EXPECT_EQ(OverrideError("a: 1", "data=a\nb"),
            "--set data: the value holds a line break or a tab, which no name here may");
}

TEST(OverridesTest, ElsewhereWhatYamlWouldLoseIsRefusedWithItsPlace) {
  EXPECT_EQ(OverrideError("a: 1", "grid.bits=[w4a4"),
            "--set grid.bits, at character 6: not valid YAML: end of sequence flow not found; a [ "
            "has no ]");
  EXPECT_EQ(
      OverrideError("a: 1", "profile=@x"),
      "--set profile, at character 1: not valid YAML: unknown token; a value that begins with "
      "@, ` or % must stand in quotes");
  EXPECT_EQ(
      OverrideError("a: 1", "profile=smoke #x"),
      "--set profile: YAML leaves out '#x' from character 7 on: remove it, or put the value in "
      "quotes");
  EXPECT_EQ(OverrideError("a: 1", "seeds=[0, 1] # two"),
            "--set seeds: YAML leaves out '# two' from character 8 on: remove it, or put the value "
            "in quotes");
  EXPECT_EQ(OverrideError("a: 1", "profile=&x smoke"),
            "--set profile: YAML makes 'smoke' of '&x smoke': put the value in quotes");
  EXPECT_EQ(OverrideError("a: 1", "profile=a\nb"),
            "--set profile: YAML makes 'a b' of 'a\\x0ab': put the value in quotes");
  EXPECT_EQ(Applied("a: 1", "profile='smoke #x'")["profile"], "smoke #x");
  EXPECT_EQ(Applied("a: 1", "m=['#x', \"a #b\"]")["m"], Json({"#x", "a #b"}));
  EXPECT_EQ(Applied("a: 1", "profile= smoke ")["profile"], "smoke");
  EXPECT_EQ(
      OverrideError("a: 1", "x-common.lr=1"),
      "--set x-common.lr: what stands under x-… is read where the file refers to it, not from "
      "here: set the keys that take it");
}

TEST(OverridesTest, IsValidatedAsTheFileIs) {
  const SweepFolder folder;
  const std::string sweep = CifarSweep("  method: zeroq\n  bits: w8a8\n");
  EXPECT_EQ(folder.ErrorOf(sweep, {"gird.bits=[w4a4]"}),
            "--set gird.bits: unknown key 'gird' in the sweep, did you mean 'grid'?");
  EXPECT_EQ(folder.ErrorOf(sweep, {"fixed.bits=w9a9"}),
            "--set fixed.bits: bits is 'w9a9', must be 2 to 8, or 32 for full precision");
  const Plan plan = folder.Expand(sweep, {"fixed.bits=w4a4", "seeds=[3]"});
  EXPECT_EQ(plan.trials.at(0).configuration->w_bits, 4);
  EXPECT_EQ(plan.trials.at(0).seeds.synthesis, 3);
  EXPECT_EQ(plan.resolved["seeds"], Json::array({3}));
  EXPECT_EQ(plan.source, sweep);
}

}  // namespace
}  // namespace zerosweep
