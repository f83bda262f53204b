// What a paper, a network or a dataset adds is its declaration: the planner takes it from there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;

ParamSpec Number(const char* name) {
  return {.name = name, .type = ParamType::kInt, .default_value = 1, .meaning = "a number"};
}

class AdditionsTest : public testing::Test {
 protected:
  void Add(Role role, Declaration declaration) {
    declarations_.by_role.at(role).push_back(std::move(declaration));
  }
  Plan Expand(const std::string& yaml) const {
    folder_.Write("sweep.yaml", yaml);
    return ExpandSweep(folder_.Options(), Catalogue(declarations_, recipes_));
  }
  static std::vector<std::string> Kinds(const Plan& plan) {
    std::vector<std::string> kinds;
    for (const size_t stage : plan.trials.at(0).stages)
      kinds.push_back(plan.stages[stage].design->kind);
    return kinds;
  }
  static const StageDesign& Design(const Plan& plan, const std::string& kind) {
    return *StageOf(plan.trials.at(0), kind, plan.stages).design;
  }

  SweepFolder folder_;
  Declarations declarations_ = TestDeclarations();
  std::vector<Recipe> recipes_ = TestRecipes();
};

TEST_F(AdditionsTest, ASynthesizer) {
  Add(Role::kSynthesizer,
      {.name = "mosaic", .uses_seed = true, .params = {Number("tiles")}, .facts = MethodFacts{}});
  const Plan plan = Expand(
      CifarSweep("  synthesizer: {mosaic: {tiles: 9}}\n  quantizer: minmax\n  bits: w4a4\n"));
  EXPECT_EQ(Design(plan, "synthesize").params, Json({{"name", "mosaic"}, {"tiles", 9}}));
  EXPECT_EQ(plan.trials[0].configuration->method, "mosaic+minmax");
}

// Like PD-Quant's `correct`: another stage in front of `quantize`, set by the quantizer's block.
TEST_F(AdditionsTest, AQuantizerWithAStageOfItsOwn) {
  Add(Role::kQuantizer, {.name = "sketchy", .needs = {"sketch"}, .facts = MethodFacts{}});
  Add(Role::kKind, {.name = "draw",
                    .revision = 7,
                    .params = {Number("strokes")},
                    .facts = KindFacts{.presence = KindFacts::Presence::kNeeded,
                                       .set_by = KindFacts::SetBy::kQuantizer,
                                       .provides = "sketch",
                                       .reads = {"teacher", "images"}}});
  const std::string sweep = CifarSweep(
      "  synthesizer: noise\n  bits: w4a4\ngrid:\n"
      "  quantizer: [{sketchy: {strokes: 3}}, {sketchy: {strokes: 4}}, minmax]\n"
      "exclude:\n  - quantizer: {sketchy: {strokes: 4}}\n");
  const Plan plan = Expand(sweep);
  ASSERT_EQ(plan.trials.size(), 2U);
  EXPECT_THAT(Kinds(plan), ElementsAre("teacher", "synthesize", "draw", "quantize", "evaluate"));
  EXPECT_EQ(Design(plan, "draw").params, Json({{"strokes", 3}}));
  EXPECT_EQ(Design(plan, "draw").revision, 7);
  EXPECT_THAT(Design(plan, "draw").roles, ElementsAre("images", "teacher"));
  EXPECT_THAT(Design(plan, "quantize").roles, ElementsAre("images", "sketch", "teacher"));
  EXPECT_FALSE(Design(plan, "quantize").params.contains("strokes"));
  EXPECT_EQ(plan.trials[0].configuration->resolved["draw"], Json({{"strokes", 3}}));
  EXPECT_EQ(plan.trials[1].stages.size(), 4U) << "minmax needs no sketch";
}

TEST_F(AdditionsTest, AGenerativeMethod) {
  Add(Role::kQuantizer, {.name = "dreamer", .facts = MethodFacts{.joint = true}});
  recipes_.push_back({.name = "dreamer",
                      .summary = "for tests",
                      .quantizer = {"dreamer"},
                      .protocol = {{"zeroq"}},
                      .variant = "code"});
  const Plan plan = Expand(CifarSweep("  method: dreamer\n  bits: w4a4\n"));
  EXPECT_THAT(Kinds(plan), ElementsAre("teacher", "quantize", "evaluate"));
}

TEST_F(AdditionsTest, ANetworkAndADataset) {
  Add(Role::kModel,
      {.name = "tiny_net", .facts = ModelFacts{.input_shape = {3, 8, 8}, .macs = 100}});
  Add(Role::kDataset, {.name = "dots",
                       .facts = DatasetFacts{.classes = 2,
                                             .shape = {3, 8, 8},
                                             .files = {{"test", {"dots.bin"}}},
                                             .default_folder = (folder_ / "dots").string()}});
  folder_.Write("dots/dots.bin", "some dots");
  const Plan plan = Expand(
      "name: t\ndata: data\nfixed:\n  model: {file: net.safetensors, arch: tiny_net, dataset: "
      "dots, "
      "normalisation: {mean: [0, 0, 0], std: [1, 1, 1]}}\n  method: noise\n  bits: w4a4\n");
  const Json& teacher = Design(plan, "teacher").params;
  EXPECT_EQ(teacher["arch"], "tiny_net");
  EXPECT_EQ(teacher["dataset"], "dots");
  EXPECT_EQ(teacher["classes"], 2);
  EXPECT_EQ(plan.work.Macs({"net", "dots", "tiny_net"}), 100);
}

}  // namespace
}  // namespace zerosweep
