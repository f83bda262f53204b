// Counts, sharing, seeds, when, include and exclude; what is in a name and what is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/hash.h"
#include "base/json.h"
#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

const std::string kGrid = "grid:\n  method: [noise, zeroq, real]\n  bits: [w8a8, w6a6, w4a4]\n";

std::vector<std::string> Cells(const Plan& plan) {
  std::vector<std::string> cells;
  for (const TrialRow& t : plan.trials) {
    cells.push_back(fmt::format("{} w{}a{} {}", t.configuration->method, t.configuration->w_bits,
                                t.configuration->a_bits, t.seeds.synthesis));
  }
  return cells;
}

std::set<std::string> Names(const Plan& plan) {
  std::set<std::string> names;
  for (const StageRow& stage : plan.stages) names.insert(stage.name);
  return names;
}

TEST(ExpansionTest, SharesStagesOfTheSameInputs) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(CifarSweep(kGrid + "seeds: [0, 1]\n"));
  EXPECT_EQ(plan.trials.size(), 18U);
  EXPECT_EQ(CountStages(plan, "teacher"), 1U);
  EXPECT_EQ(CountStages(plan, "synthesize"), 6U);
  EXPECT_EQ(CountStages(plan, "quantize"), 18U);
  EXPECT_EQ(CountStages(plan, "evaluate"), 18U);
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(ExpansionTest, PutsInputsBeforeUsersAndNamesStagesByTheirContent) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(CifarSweep(kGrid));
  std::set<std::string> seen;
  for (const StageRow& stage : plan.stages) {
    const StageSpec spec = SpecOf(stage, plan.stages);
    EXPECT_EQ(spec.name, spec.ComputeName());
    for (const auto& [role, input] : spec.inputs) EXPECT_TRUE(seen.contains(input)) << role;
    EXPECT_TRUE(seen.insert(spec.name).second);
  }
}

TEST(ExpansionTest, TurnsTheLastKeyFastestAndSeedsInnermost) {
  const SweepFolder folder;
  EXPECT_THAT(
      Cells(folder.Expand(CifarSweep(
          "grid:\n  method: [noise, zeroq]\n  bits: [w8a8, {w: 4, a: 32}]\nseeds: [5, 6]\n"))),
      ElementsAre("noise w8a8 5", "noise w8a8 6", "noise w4a32 5", "noise w4a32 6", "zeroq w8a8 5",
                  "zeroq w8a8 6", "zeroq w4a32 5", "zeroq w4a32 6"));
}

TEST(ExpansionTest, RunsZipInStep) {
  const SweepFolder folder;
  EXPECT_THAT(Cells(folder.Expand(CifarSweep(
                  "zip:\n  method: [noise, zeroq, zeroq]\n  bits: [w8a8, w4a4, w2a2]\n"))),
              ElementsAre("noise w8a8 0", "zeroq w4a4 0", "zeroq w2a2 0"));
}

TEST(ExpansionTest, CrossesSynthesizersWithQuantizers) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(
      CifarSweep("  bits: w4a4\ngrid:\n  synthesizer: [noise, {zeroq: {images: 256}}]\n"
                 "  quantizer: [minmax, percentile]\n"));
  EXPECT_THAT(Cells(plan), ElementsAre("noise+minmax w4a4 0", "noise+percentile w4a4 0",
                                       "zeroq+minmax w4a4 0", "zeroq+percentile w4a4 0"));
  EXPECT_EQ(CountStages(plan, "synthesize"), 2U);
  EXPECT_EQ(SpecOf(plan, plan.trials[2], "synthesize").params["images"], 256);
}

TEST(ExpansionTest, VariesSeedsOfSynthesisAndQuantizerSeparately) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(CifarSweep(
      "  method: sharp\n  bits: w4a4\nseeds: {synthesis: [0, 1], quantize: [7, 8, 9]}\n"));
  EXPECT_EQ(plan.trials.size(), 6U);
  EXPECT_EQ(CountStages(plan, "synthesize"), 2U);
  EXPECT_EQ(CountStages(plan, "quantize"), 6U);
  const TrialRow& last = plan.trials.back();
  EXPECT_EQ(last.seeds.synthesis, 1);
  EXPECT_EQ(last.seeds, (Seeds{1, 9}));
  EXPECT_EQ(SpecOf(plan, last, "synthesize").params["seed"], 1);
  EXPECT_EQ(SpecOf(plan, last, "quantize").params["seed"], 9);
}

TEST(ExpansionTest, CountsTrialsOnceWhereTheSeedIsNotUsed) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(
      CifarSweep("  synthesizer: constant\n  quantizer: minmax\n  bits: w8a8\nseeds: [0, 1, 2]\n"));
  EXPECT_EQ(plan.trials.size(), 1U);
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_THAT(folder.Shown(plan.warnings[0]),
              testing::StartsWith("sweep.yaml:1: 2 trial(s) coincide with others"));
}

TEST(ExpansionTest, ExcludesWhatAPatternMeetsAndWarnsOfOneThatMeetsNothing) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(
      CifarSweep(kGrid + "seeds: [0, 1]\nexclude:\n  - {method: zeroq, bits: w4a4, seed: 1}\n"
                         "  - {method: [noise, real], bits: [w6a6, w4a4]}\n  - {bits: w2a2}\n"));
  EXPECT_THAT(Cells(plan), ElementsAre("noise w8a8 0", "noise w8a8 1", "zeroq w8a8 0",
                                       "zeroq w8a8 1", "zeroq w6a6 0", "zeroq w6a6 1",
                                       "zeroq w4a4 0", "real w8a8 0", "real w8a8 1"));
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_EQ(folder.Shown(plan.warnings[0]), "sweep.yaml:12: exclude matches no trial");
}

TEST(ExpansionTest, MatchesPatternsByResolvedParameters) {
  const SweepFolder folder;
  const std::string grid =
      "  bits: w8a8\ngrid:\n  method:\n    - zeroq\n    - {recipe: zeroq, synthesize: {images: "
      "8}}\n";
  const auto left = [&](const std::string& pattern) {
    return folder.Expand(CifarSweep(grid + "exclude: [" + pattern + "]\n")).trials.size();
  };
  EXPECT_EQ(left("{method: {recipe: zeroq, synthesize: {images: 64}}}"), 1U);  // the default
  EXPECT_EQ(left("{synthesizer: {zeroq: {images: 8}}}"), 1U);
  EXPECT_EQ(left("{quantizer: percentile}"), 2U);
  EXPECT_EQ(left("{protocol: genie}"), 2U);
  EXPECT_EQ(left("{model: {arch: plain_cnn}}"), 2U);
  EXPECT_EQ(left("{profile: fast}"), 2U);
  EXPECT_EQ(left("{evaluate: {limit: 5}}"), 2U);
  EXPECT_EQ(left("{data: elsewhere}"), 2U);
  for (const char* all : {"{model: net}", "{model: {file: net.safetensors, dataset: cifar10}}",
                          "{protocol: {first_w: same}}", "{variant: code}", "{data: data}"}) {
    EXPECT_EQ(folder.ErrorOf(CifarSweep(grid + "exclude: [" + all + "]\n")),
              "sweep.yaml:1: the sweep unfolds to no trial: exclude leaves nothing");
  }
}

TEST(ExpansionTest, WhenSetsWhatItsConditionAsks) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(
      CifarSweep("  method: zeroq\ngrid:\n  bits: [w4a4, w2a2]\nprofile: fast\n"
                 "when:\n  - {if: {bits: w2a2}, set: {profile: paper, protocol: genie}}\n"
                 "  - {if: {profile: smoke}, set: {seed: 5}}\n"));
  EXPECT_EQ(plan.trials[0].configuration->resolved["profile"], "fast");
  EXPECT_EQ(plan.trials[0].configuration->resolved["synthesizer"]["params"]["iterations"], 100);
  EXPECT_EQ(plan.trials[1].configuration->resolved["profile"], "paper");
  EXPECT_EQ(plan.trials[1].configuration->resolved["synthesizer"]["params"]["iterations"], 500);
  EXPECT_EQ(plan.trials[1].configuration->protocol, "genie");
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_EQ(folder.Shown(plan.warnings[0]), "sweep.yaml:11: when matches no trial");
}

TEST(ExpansionTest, WhenSeesWhatEarlierRulesSetAndMayChangeTheMethod) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(
      CifarSweep("  method: zeroq\n  bits: w4a4\nwhen:\n  - {if: {bits: w4a4}, set: {bits: w8a8}}\n"
                 "  - {if: {bits: w8a8}, set: {synthesizer: noise, quantizer: percentile}}\n"));
  EXPECT_THAT(Cells(plan), ElementsAre("noise+percentile w8a8 0"));
}

TEST(ExpansionTest, IncludeAddsTrialsOverFixedValues) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(
      CifarSweep("grid:\n  method: [zeroq]\n  bits: [w8a8]\nseeds: [0, 1]\n"
                 "include:\n  - {method: noise, bits: w2a2}\n"
                 "  - {synthesizer: noise, quantizer: percentile, bits: w3a3, seed: 9}\n"));
  EXPECT_THAT(Cells(plan), ElementsAre("zeroq w8a8 0", "zeroq w8a8 1", "noise w2a2 0",
                                       "noise w2a2 1", "noise+percentile w3a3 9"));
  // Without grid and zip the fixed values alone are no trial.
  EXPECT_THAT(
      Cells(folder.Expand(CifarSweep("  method: zeroq\ninclude: [{bits: w8a8}, {bits: w4a4}]\n"))),
      ElementsAre("zeroq w8a8 0", "zeroq w4a4 0"));
}

TEST(ExpansionTest, LeavesNeutralValuesAndHowItRunsOutOfNames) {
  const SweepFolder folder;
  const auto names = [&](const std::string& lines) {
    return Names(folder.Expand(CifarSweep("  bits: w4a4\n" + lines)));
  };
  const auto plain = names("  method: zeroq\n");
  EXPECT_EQ(names("  method: {recipe: zeroq, synthesize: {swing: 0, note: none}}\n"), plain);
  EXPECT_EQ(names("  method: zeroq\nprotocol: {preset: zeroq, late: 'no'}\n"), plain);
  EXPECT_EQ(names("  method: zeroq\nevaluate: {limit: 0}\n"), plain);
  EXPECT_EQ(names("  method: zeroq\nevaluate: {integer: false}\n"), plain);
  EXPECT_EQ(names("  method: zeroq\nresources: {threads: 3}\nranks: 1\n"), plain);
  EXPECT_EQ(names("  synthesizer: zeroq\n  quantizer: minmax\n"), plain);  // no recipe names
  EXPECT_EQ(names("  method: {recipe: zeroq, synthesize: {iterations: 500}}\nprofile: paper\n"),
            plain);
  EXPECT_NE(names("  method: {recipe: zeroq, synthesize: {swing: 1}}\n"), plain);
  EXPECT_NE(names("  method: zeroq\nprotocol: {preset: zeroq, late: 'yes'}\n"), plain);
  EXPECT_NE(names("  method: zeroq\nevaluate: {limit: 10}\n"), plain);
  EXPECT_NE(names("  method: zeroq\nevaluate: {integer: true}\n"), plain);
}

TEST(ExpansionTest, RanksBelongToTheStageThatRunsOnThem) {
  const SweepFolder folder;
  const auto expand = [&](const std::string& quantizer, const std::string& lines) {
    return folder.Expand(
        CifarSweep("  bits: w4a4\n  synthesizer: zeroq\n  quantizer: " + quantizer + "\n" + lines));
  };
  const Plan plain = expand("rounding", "");
  const Plan by_trial = expand("rounding", "ranks: 2\n");
  EXPECT_EQ(Names(expand("{rounding: {ranks: 2}}", "")), Names(by_trial));
  EXPECT_EQ(Names(expand("{rounding: {ranks: 2}}", "ranks: 3\n")), Names(by_trial));
  const TrialRow& trial = by_trial.trials.at(0);
  EXPECT_EQ(SpecOf(by_trial, trial, "quantize").params.at("ranks"), 2);
  EXPECT_EQ(DesignOf(by_trial, trial, "quantize").needs.ranks, 2);
  for (const char* kind : {"teacher", "synthesize", "evaluate"})
    EXPECT_EQ(DesignOf(by_trial, trial, kind).needs.ranks, 1);
  EXPECT_EQ(SpecOf(by_trial, trial, "synthesize").name,
            SpecOf(plain, plain.trials.at(0), "synthesize").name);
  EXPECT_NE(SpecOf(by_trial, trial, "quantize").name,
            SpecOf(plain, plain.trials.at(0), "quantize").name);
  EXPECT_FALSE(SpecOf(plain, plain.trials.at(0), "quantize").params.contains("ranks"));
}

TEST(ExpansionTest, PutsSeedRevisionAndDataWhereTheyBelong) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(CifarSweep("  method: real\n  bits: w8a8\nseeds: [4]\n"));
  const TrialRow& trial = plan.trials.at(0);
  const StageSpec teacher = SpecOf(plan, trial, "teacher");
  const StageSpec synthesize = SpecOf(plan, trial, "synthesize");
  const StageSpec quantize = SpecOf(plan, trial, "quantize");
  const StageSpec evaluate = SpecOf(plan, trial, "evaluate");
  const Json data = teacher.params.at("data");
  EXPECT_EQ(teacher.params, Json({{"arch", "resnet20_cifar_a"},
                                  {"classes", 10},
                                  {"dataset", "cifar10"},
                                  {"data", data},
                                  {"weights", Sha256Hex("weights")},
                                  {"mean", {0.5, 0.5, 0.5}},
                                  {"std", {0.25, 0.25, 0.25}}}));
  EXPECT_EQ(
      synthesize.params,
      Json({{"name", "real"},
            {"images", 64},
            {"seed", 4},
            {"dataset", "cifar10"},
            {"data", JsonDigest({{"calibration_batch.bin", Sha256Hex("cifar calibration")}})}}));
  EXPECT_EQ(quantize.params, Json({{"name", "minmax"},
                                   {"batch", 64},
                                   {"w_bits", 8},
                                   {"a_bits", 8},
                                   {"protocol",
                                    {{"act_placement", "relu"},
                                     {"first_w", "same"},
                                     {"last_w", "same"},
                                     {"bn", "kept"}}}}));
  EXPECT_EQ(evaluate.params, Json({{"dataset", "cifar10"}, {"data", data}}));
  EXPECT_EQ(teacher.revision, 2);
  EXPECT_EQ(synthesize.revision, 1);
  EXPECT_EQ(evaluate.revision, 3);
  EXPECT_EQ(DesignOf(plan, trial, "synthesize").implementation, "real");
  EXPECT_EQ(DesignOf(plan, trial, "evaluate").implementation, "evaluate");
  const std::string folder_of_data = (folder / "data").string();
  EXPECT_EQ(DesignOf(plan, trial, "evaluate").files.at("data"), folder_of_data);
  EXPECT_EQ(DesignOf(plan, trial, "synthesize").files.at("data"), folder_of_data);
  EXPECT_EQ(DesignOf(plan, trial, "teacher").files.at("weights"),
            folder_of_data + "/net.safetensors");
  EXPECT_TRUE(DesignOf(plan, trial, "quantize").files.empty());
  EXPECT_EQ(evaluate.inputs.at("quantized"), quantize.name);
  EXPECT_EQ(quantize.inputs.at("images"), synthesize.name);
}

TEST(ExpansionTest, AppliesTheProfileToTheKindsToo) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(CifarSweep("  method: noise\n  bits: w8a8\nprofile: smoke\n"));
  EXPECT_EQ(SpecOf(plan, plan.trials[0], "evaluate").params["limit"], 500);
  EXPECT_EQ(SpecOf(plan, plan.trials[0], "teacher").params["limit"], 500);
}

TEST(ExpansionTest, TakesThreadsFromOptionBlockTrialAndKind) {
  const SweepFolder folder;
  const auto threads = [&](const std::string& lines, int option = 0) {
    folder.Write("sweep.yaml", CifarSweep("  bits: w8a8\n" + lines));
    ExpandOptions options = folder.Options();
    options.threads = option;
    const Plan plan = ExpandSweep(options, folder.catalogue());
    return std::pair(DesignOf(plan, plan.trials[0], "synthesize").threads,
                     DesignOf(plan, plan.trials[0], "quantize").threads);
  };
  EXPECT_EQ(threads("  method: noise\n"), std::pair(1, 1));
  EXPECT_EQ(threads("  method: noise\nprofile: fast\n"), std::pair(2, 1));
  EXPECT_EQ(threads("  method: noise\nresources: {threads: 3}\n"), std::pair(3, 3));
  EXPECT_EQ(threads("  method: {recipe: noise, synthesize: {resources: {threads: 4}}}\n"
                    "resources: {threads: 3}\n"),
            std::pair(4, 3));
  EXPECT_EQ(threads("  method: noise\nresources: {threads: 3}\n", 6), std::pair(6, 6));
}

TEST(ExpansionTest, TakesResourcesFromBlockAndTrial) {
  const SweepFolder folder;
  const Plan plan =
      folder.Expand(CifarSweep("  bits: w8a8\n  method: {recipe: noise, synthesize: {resources: "
                               "{memory: 1.5 GiB, gpus: 1}}}\n"
                               "resources: {cpus: 4, memory: 16GB, time: 90m}\n"
                               "evaluate: {limit: 10, resources: {time: 1.5h, cpus: 2}}\n"));
  EXPECT_EQ(DesignOf(plan, plan.trials[0], "synthesize").needs,
            (ResourceRequest{1, true, 4, 1.5 * 0x1p30, 5400}));
  EXPECT_EQ(DesignOf(plan, plan.trials[0], "quantize").needs,
            (ResourceRequest{1, false, 4, 16e9, 5400}));
  EXPECT_EQ(DesignOf(plan, plan.trials[0], "evaluate").needs,
            (ResourceRequest{1, false, 2, 16e9, 5400}));
}

TEST(ExpansionTest, GivesTheSamePlanAgainAndGrowsWithoutRenaming) {
  const SweepFolder folder;
  const Plan first = folder.Expand(CifarSweep(kGrid + "seeds: [0, 1]\n"));
  const Plan again = folder.Expand(CifarSweep(kGrid + "seeds: [0, 1]\n"));
  ASSERT_EQ(first.trials.size(), again.trials.size());
  for (size_t i = 0; i < first.trials.size(); ++i) {
    EXPECT_EQ(first.trials[i].id, again.trials[i].id);
    EXPECT_EQ(first.trials[i].configuration->resolved, again.trials[i].configuration->resolved);
  }
  const Plan more = folder.Expand(CifarSweep(
      "grid:\n  method: [noise, zeroq, real]\n  bits: [w8a8, w6a6, w4a4, w2a2]\nseeds: [0, 1]\n"));
  EXPECT_EQ(CountStages(more, "synthesize"), 6U);
  const auto names = Names(more);
  for (const std::string& name : Names(first)) EXPECT_TRUE(names.contains(name));
}

// Distinct values are looked at once, whatever the number of trials: the plan of a large product
// holds no more stages than its distinct parts.
TEST(ExpansionTest, ExpandsLargeProducts) {
  const SweepFolder folder;
  std::string seeds;
  for (int i = 0; i < 250; ++i) seeds += std::to_string(i) + ", ";
  const Plan plan = folder.Expand(CifarSweep(
      "grid:\n  method: [zeroq, noise]\n  bits: [w8a8, w4a4]\nseeds: [" + seeds + "]\n"));
  EXPECT_EQ(plan.trials.size(), 1000U);
  EXPECT_EQ(plan.stages.size(), 1U + 500U + 1000U + 1000U);
}

// A trial that a pattern removes, or changes first, may ask for ranks that its method lacks.
TEST(ExpansionTest, RanksAreAskedOfTheTrialsThatRemain) {
  const SweepFolder folder;
  const std::string grid = "ranks: 2\ngrid: {quantizer: [rounding, minmax], bits: [w4a4, w8a8]}\n";
  const std::string sweep = CifarSweep("  synthesizer: noise\n") + grid;
  EXPECT_EQ(folder.Expand(sweep + "exclude: [{bits: w8a8}, {quantizer: minmax}]\n").trials.size(),
            1U);
  EXPECT_EQ(
      folder.Expand(sweep + "when: [{if: {quantizer: minmax}, set: {ranks: 1}}]\n").trials.size(),
      4U);
  EXPECT_EQ(folder.ErrorOf(sweep),
            "sweep.yaml:6: ranks is 2, but minmax runs on one rank (on several run: rounding)");
}

}  // namespace
}  // namespace zerosweep
