#include "sweeps/overrides.h"

#include <gtest/gtest.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

Json Applied(const std::string& yaml, const std::string& assignment) {
  YamlNode root = ParseYaml(yaml, "s.yaml");
  ApplyOverride(assignment, root);
  return root.ToJson();
}

std::string ErrorOf(const std::string& yaml, const std::string& assignment) {
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
  EXPECT_EQ(ErrorOf("a: 1", "a"), "--set a: must be KEY=VALUE");
  EXPECT_EQ(ErrorOf("a: 1", "=1"), "--set =1: must be KEY=VALUE");
  EXPECT_EQ(ErrorOf("a: 1", "a..b=1"), "--set a..b: the key has an empty part");
  EXPECT_EQ(ErrorOf("a: 1", "a.b=1"), "--set a.b: 'a' is the value 1, it has no 'b' inside");
  EXPECT_EQ(ErrorOf("a: [1]", "a.1=1"),
            "--set a.1: 'a' is a list of 1, '1' is not an index in it (they start at 0)");
  EXPECT_EQ(ErrorOf("a: [1]", "a.x=1"),
            "--set a.x: 'a' is a list of 1, 'x' is not an index in it (they start at 0)");
  EXPECT_EQ(ErrorOf("a: 1", "a={b: 1, b: 2}"),
            "--set a: key 'b' is given twice (first at --set a), remove one");
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
