// Every rule of the grammar's form, with the message that names file and line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <tuple>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

struct Case {
  const char* name;
  std::string yaml;
  std::string message;
};

class SweepGrammarTest : public testing::TestWithParam<Case> {};

TEST_P(SweepGrammarTest, SaysWhatIsWrongAndWhere) {
  const SweepFolder folder;
  EXPECT_EQ(folder.ErrorOf(GetParam().yaml), GetParam().message);
  EXPECT_FALSE(std::filesystem::exists(folder / "home/results.db"));
}

const std::string kPlain = "  method: zeroq\n  bits: w8a8\n";  // lines 5 and 6

INSTANTIATE_TEST_SUITE_P(
    Form, SweepGrammarTest,
    testing::Values(
        Case{"no_map", "[1]\n",
             "sweep.yaml:1: a sweep must be a map of name, protocol, variant, profile, "
             "ranks, resources, evaluate, data, fixed, grid, zip, seeds, include, exclude, when; "
             "this is [1]"},
        Case{"unknown_top", "name: t\ngird: {bits: [w8a8]}\n",
             "sweep.yaml:2: unknown key 'gird' in the sweep, did you mean 'grid'?"},
        Case{"misplaced", "name: t\nmethod: zeroq\n",
             "sweep.yaml:2: 'method' does not belong at the top level: put it under fixed or grid"},
        Case{"no_name", "grid: {bits: [w8a8]}\n",
             "sweep.yaml:1: the sweep has no name: write name: WORD"},
        Case{"odd_name", "name: a/b\n",
             "sweep.yaml:1: name is 'a/b', must be at most 100 letters, digits, '_', '-' or '.'"},
        Case{"empty_name", "name:\n", "sweep.yaml:1: name is empty, must be one word"},
        Case{"unknown_trial_key", CifarSweep("grid:\n  bit: [w8a8]\n"),
             "sweep.yaml:6: unknown key 'bit' in grid, did you mean 'bits'?"},
        Case{"list_in_fixed", CifarSweep("  bits: [w8a8]\n"),
             "sweep.yaml:5: fixed.bits is a list, must be one value (lists go under grid or zip)"},
        Case{"scalar_in_grid", CifarSweep("grid:\n  bits: w8a8\n"),
             "sweep.yaml:6: grid.bits is 'w8a8', must be a list (single values go under fixed)"},
        Case{"empty_list", CifarSweep("grid:\n  bits: []\n"),
             "sweep.yaml:6: grid.bits is empty, give at least one value"},
        Case{"empty_grid", CifarSweep("grid: {}\n"),
             "sweep.yaml:5: grid is empty, remove it or fill it"},
        Case{"null_grid", CifarSweep("grid:\n"),
             "sweep.yaml:5: grid is empty, must be a map of model, method, synthesizer, quantizer, "
             "bits, protocol, variant, profile, ranks, resources, evaluate, data, seed, "
             "seeds"},
        Case{"empty_zip", CifarSweep("zip: {}\n"),
             "sweep.yaml:5: zip is empty, remove it or fill it"},
        Case{"empty_fixed", "name: t\nfixed: {}\n",
             "sweep.yaml:2: fixed is empty, remove it or fill it"},
        Case{"twins_in_list", CifarSweep("grid:\n  bits:\n    - w8a8\n    - w4a4\n    - w8a8\n"),
             "sweep.yaml:9: grid.bits holds 'w8a8' twice (first at sweep.yaml:7), remove one"},
        Case{"two_blocks", CifarSweep(kPlain + "grid:\n  bits: [w4a4]\n"),
             "sweep.yaml:8: bits is given under fixed (sweep.yaml:6) and under grid, keep one"},
        Case{"grid_and_zip", CifarSweep("grid:\n  bits: [w4a4]\nzip:\n  bits: [w8a8]\n"),
             "sweep.yaml:8: bits is given under grid (sweep.yaml:6) and under zip, keep one"},
        Case{"top_and_grid", CifarSweep("profile: fast\ngrid:\n  profile: [smoke]\n"),
             "sweep.yaml:7: profile is given at the top level (sweep.yaml:5) and under grid, keep "
             "one"},
        Case{"seed_twice", CifarSweep("grid: {seed: [1]}\nseeds: [0]\n"),
             "sweep.yaml:6: seed is given under grid (sweep.yaml:5) and as seeds at the top level, "
             "keep one"},
        Case{"method_and_parts", CifarSweep(kPlain + "grid:\n  synthesizer: [noise]\n"),
             "sweep.yaml:8: method (given under fixed (sweep.yaml:5)) and synthesizer (given under "
             "grid (sweep.yaml:8)) exclude each other, keep one"},
        Case{"include_method_and_parts",
             CifarSweep(kPlain + "include:\n  - {bits: w4a4, method: zeroq, quantizer: minmax}\n"),
             "sweep.yaml:8: include gives 'method' and 'quantizer', which exclude each other"},
        Case{"include_two_seeds",
             CifarSweep(kPlain + "include:\n  - {bits: w4a4, seed: 1, seeds: 2}\n"),
             "sweep.yaml:8: include gives 'seed' and 'seeds', which exclude each other"},
        Case{"zip_lengths", CifarSweep("zip:\n  method: [zeroq, noise]\n  bits: [w8a8]\n"),
             "sweep.yaml:7: zip.bits has 1 values, zip.method has 2: lists under zip must be "
             "equally "
             "long"},
        Case{"empty_seeds", CifarSweep(kPlain + "seeds: []\n"),
             "sweep.yaml:7: seeds is empty, give at least one value"},
        Case{"negative_seed", CifarSweep(kPlain + "seeds: [-1]\n"),
             "sweep.yaml:7: seed is -1, must be at least 0"},
        Case{"word_seed", CifarSweep(kPlain + "seeds: [one]\n"),
             "sweep.yaml:7: seed is 'one', must be an integer"},
        Case{"seed_pairs", CifarSweep(kPlain + "seeds: {synthesis: [0]}\n"),
             "sweep.yaml:7: seeds has no quantize"},
        Case{"seed_pair_key", CifarSweep(kPlain + "seeds: {synthesis: [0], quantise: [0]}\n"),
             "sweep.yaml:7: unknown key 'quantise' in seeds, did you mean 'quantize'?"},
        Case{"twin_seeds", CifarSweep(kPlain + "seeds: [0, 1, 0]\n"),
             "sweep.yaml:7: seeds holds 0 twice (first at sweep.yaml:7), remove one"},
        Case{"exclude_no_map", CifarSweep(kPlain + "exclude: [zeroq]\n"),
             "sweep.yaml:7: exclude is 'zeroq', must be a map of model, method, synthesizer, "
             "quantizer, bits, protocol, variant, profile, ranks, resources, evaluate, data, "
             "seed, seeds"},
        Case{"exclude_empty", CifarSweep(kPlain + "exclude: [{}]\n"),
             "sweep.yaml:7: exclude is empty, give at least one key"},
        Case{"exclude_unknown", CifarSweep(kPlain + "exclude:\n  - {method: zeroqq}\n"),
             "sweep.yaml:8: unknown method 'zeroqq', did you mean 'zeroq'?"},
        Case{"when_no_set", CifarSweep(kPlain + "when:\n  - {if: {bits: w2a2}}\n"),
             "sweep.yaml:8: a when entry has no 'set'"},
        Case{"when_unknown", CifarSweep(kPlain + "when:\n  - {if: {bits: w2a2}, then: {}}\n"),
             "sweep.yaml:8: unknown key 'then' in when (known: if, set)"},
        Case{"when_bad_value",
             CifarSweep(kPlain + "when:\n  - {if: {bits: w2a2}, set: {profile: slow}}\n"),
             "sweep.yaml:8: profile is 'slow', must be one of paper, fast, smoke"},
        Case{"nothing_left", CifarSweep(kPlain + "exclude: [{method: zeroq}]\n"),
             "sweep.yaml:1: the sweep unfolds to no trial: exclude leaves nothing"},
        Case{"include_twin", CifarSweep(kPlain + "grid: {seed: [0]}\ninclude:\n  - {seed: 0}\n"),
             "sweep.yaml:9: this trial (zeroq w8a8 seed 0 of net) is there already (from "
             "sweep.yaml:7), remove one"},
        Case{"grid_twin",
             CifarSweep("  method: zeroq\ngrid:\n  bits:\n    - w8a8\n    - {w: 8, a: 8}\n"),
             "sweep.yaml:9: this trial (zeroq w8a8 seed 0 of net) is there already (from "
             "sweep.yaml:8), remove one"},
        Case{"no_model", "name: t\nfixed: {method: zeroq, bits: w8a8}\n",
             "sweep.yaml:1: a trial has no model: give it under fixed, grid, zip or include"},
        Case{"no_bits", CifarSweep("  method: zeroq\n"),
             "sweep.yaml:1: a trial has no bits: give it under fixed, grid, zip or include"},
        Case{
            "no_method", CifarSweep("  bits: w8a8\n"),
            "sweep.yaml:1: a trial has no method: give method, or synthesizer and quantizer, under "
            "fixed, grid, zip or include"},
        Case{"half_a_pair", CifarSweep("  bits: w8a8\n  synthesizer: noise\n"),
             "sweep.yaml:6: a trial has a synthesizer but no quantizer"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(SweepGrammarTest, RefusesProductsOfMoreThanAMillion) {
  const SweepFolder folder;
  std::string list;
  for (int i = 0; i < 1001; ++i) list += std::to_string(i) + ",";
  EXPECT_EQ(
      folder.ErrorOf(
          CifarSweep(kPlain + "seeds: {synthesis: [" + list + "], quantize: [" + list + "]}\n")),
      "sweep.yaml:1: the sweep unfolds to 1002001 trials, at most 1000000 are allowed: split it");
}

TEST(SweepGrammarTest, NamesAMissingSweep) {
  const SweepFolder folder;
  try {
    ExpandSweep(folder.Options(), folder.catalogue());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_EQ(folder.Shown(error.what()), "sweep.yaml: there is no such sweep file");
  }
}

TEST(SweepGroundTest, AnchorsMayStandUnderKeysOfTheirOwnAndBeMerged) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(
      "name: t\ndata: data\n"
      "x-common: &common {model: {file: net.safetensors, arch: resnet20_cifar_a, dataset: cifar10, "
      "normalisation: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}, bits: w8a8}\n"
      "fixed: {<<: *common, bits: W4A4}\n"
      "grid: {method: [noise, zeroq]}\n"
      "include: [{<<: *common, method: noise, bits: WMP4a8}]\n");
  ASSERT_EQ(plan.trials.size(), 3u);
  EXPECT_EQ(plan.trials[0].configuration->bits, "w4a4") << "as tables print it";
  EXPECT_EQ(plan.trials[2].configuration->bits, "wmp4a8");
}

TEST(SweepGroundTest, AnOtherKeyThatNobodyReadsIsRefused) {
  const SweepFolder folder;
  EXPECT_EQ(
      folder.ErrorOf("name: t\nX-common: 1\n"),
      "sweep.yaml:2: unknown key 'X-common' in the sweep (known: name, protocol, variant, profile, "
      "ranks, resources, evaluate, data, fixed, grid, zip, seeds, include, exclude, when)");
  EXPECT_EQ(folder.ErrorOf(CifarSweep("  x-common: 1\n")).substr(0, 40),
            "sweep.yaml:5: unknown key 'x-common' in ");
}

TEST(SweepPathsTest, HomeFolderAndEnvironmentArePartsOfPaths) {
  const SweepFolder folder;
  setenv("HOME", folder.Options().file.parent_path().c_str(), 1);
  setenv("ZS_TEST_DATA", (folder / "data").c_str(), 1);
  const std::string rest = "  method: noise\n  bits: w8a8\n";
  const auto with = [&](const std::string& data, const std::string& file) {
    std::string sweep = CifarSweep(rest);
    sweep.replace(sweep.find("data: data"), 10, "data: " + data);
    sweep.replace(sweep.find("net.safetensors"), 15, file);
    return sweep;
  };
  const Plan plain = folder.Expand(CifarSweep(rest));
  for (const char* data : {"~/data", "$ZS_TEST_DATA", "${ZS_TEST_DATA}"}) {
    for (const char* file : {"~/data/net.safetensors", "$ZS_TEST_DATA/net.safetensors"})
      EXPECT_EQ(folder.Expand(with(data, file)).trials.at(0).id, plain.trials.at(0).id) << data;
  }
  folder.Write("data/$ZS_NONE.safetensors", "weights");
  EXPECT_EQ(folder.Expand(with("data", "$ZS_NONE.safetensors")).stages.size(), plain.stages.size())
      << "a file of that very name is meant";
  std::filesystem::create_directory_symlink("data", folder / "$ZS_NONE");
  EXPECT_EQ(folder.Expand(with("$ZS_NONE", "net.safetensors")).trials.at(0).id,
            plain.trials.at(0).id)
      << "and a folder";
  EXPECT_EQ(folder.ErrorOf(with("$ZS_NONE/data", "net.safetensors")),
            "sweep.yaml:2: data is '$ZS_NONE/data', but the environment has no ZS_NONE: set it, or "
            "write it out");
}

// Values meant for images from 0 to 255.
TEST(SweepNormalisationTest, NumbersBeyondThoseOfImagesAreWarnedOf) {
  const SweepFolder folder;
  const std::string rest = "  method: noise\n  bits: w8a8\n";
  EXPECT_TRUE(folder.Expand(CifarSweep(rest)).warnings.empty());
  for (const auto& [from, to, said] :
       {std::tuple("mean: [0.5, 0.5, 0.5]", "mean: [127.5, 116, 103]", "a mean of 127.5"),
        std::tuple("std: [0.25, 0.25, 0.25]", "std: [58, 57, 57]", "a deviation of 58")}) {
    std::string sweep = CifarSweep(rest);
    sweep.replace(sweep.find(from), std::string(from).size(), to);
    const Plan plan = folder.Expand(sweep);
    ASSERT_EQ(plan.warnings.size(), 1u);
    EXPECT_THAT(plan.warnings[0], testing::HasSubstr(said));
    EXPECT_THAT(plan.warnings[0], testing::HasSubstr("sweep.yaml:4: "));
    EXPECT_THAT(plan.warnings[0], testing::HasSubstr("divide them by 255"));
  }
}

}  // namespace
}  // namespace zerosweep
