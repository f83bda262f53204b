#include "sweeps/plan/single_trial.h"

#include <gmock/gmock.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct SingleTrialTest : testing::Test {
  SingleTrialTest() {
    trial.model = "small";
    trial.method = "zeroq";
    trial.bits = "w4a8";
  }
  Plan Expand() {
    ExpandOptions options = folder.Options();
    options.file = "quantize";
    options.data = folder / "fashion";
    return ExpandSweep(TreeOf(trial), options, folder.catalogue());
  }
  std::string ErrorOf() {
    try {
      Expand();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
      return error.what();
    }
    return "no error";
  }
  const SweepFolder folder;
  SingleTrial trial;
};

TEST_F(SingleTrialTest, IsTheTrialOfTheSameSweep) {
  trial.profile = "smoke";
  trial.seed = 3;
  trial.settings = {"synthesize.images=64", "evaluate={limit: 100}", "variant=paper"};
  const Plan plan = Expand();
  const Plan sweep = folder.Expand(
      "name: t\ndata: fashion\nprofile: smoke\nvariant: paper\nevaluate: {limit: 100}\n"
      "fixed: {model: small, method: {recipe: zeroq, synthesize: {images: 64}}, bits: w4a8}\n"
      "seeds: [3]\n");
  ASSERT_EQ(plan.trials.size(), 1U);
  EXPECT_EQ(plan.trials[0].id, sweep.trials[0].id);
  EXPECT_EQ(NameOfSingle(plan), "quantize_small_zeroq_w4a8_" + sweep.trials[0].id.substr(0, 8));
  // What is stored as its source is the sweep.
  folder.Write("source.yaml", plan.source);
  ExpandOptions options = folder.Options();
  options.file = folder / "source.yaml";
  options.data = folder / "fashion";
  EXPECT_EQ(ExpandSweep(options, folder.catalogue()).trials[0].id, sweep.trials[0].id);
}

TEST_F(SingleTrialTest, NamesFitWhateverTheModelIsCalled) {
  folder.Write("data/a b; $(c).safetensors", "weights");
  trial.model = folder / "data/a b; $(c).safetensors";
  trial.arch = "resnet20_cifar_a";
  trial.dataset = "fashion_mnist";
  trial.settings = {"model.normalisation={mean: [0.5], std: [0.25]}"};
  const Plan plan = Expand();
  EXPECT_THAT(NameOfSingle(plan), StartsWith("quantize_a-b----c-_zeroq_w4a8_"));
}

TEST_F(SingleTrialTest, ErrorsNameTheOption) {
  trial.method = "zerok";
  EXPECT_THAT(ErrorOf(), AllOf(StartsWith("--method: "), HasSubstr("did you mean 'zeroq'")));
  trial.method = "[zeroq, noise]";
  EXPECT_THAT(ErrorOf(), StartsWith("--method: "));
  trial.method = "zeroq";
  trial.bits = "w1a8";
  EXPECT_THAT(ErrorOf(), StartsWith("--bits: "));
  trial.bits = "[w4a4, w8a8]";
  EXPECT_THAT(ErrorOf(), AllOf(StartsWith("--bits: "), HasSubstr("one value")));
  trial.bits = "w4a4";
  trial.profile = "quick";
  EXPECT_THAT(ErrorOf(), StartsWith("--profile: "));
  trial.profile = "";
  trial.settings = {"synthesize.itertions=3"};
  EXPECT_THAT(ErrorOf(), AllOf(StartsWith("--set synthesize.itertions: "),
                               HasSubstr("did you mean 'iterations'")));
  trial.settings = {"grid.bits=[w4a4]"};
  EXPECT_THAT(ErrorOf(), HasSubstr("unknown key 'grid' in method"));
  trial.settings = {"profile"};
  EXPECT_THAT(ErrorOf(), HasSubstr("must be KEY=VALUE"));
  trial.settings = {};
  trial.arch = "resnet20_cifar_a";
  EXPECT_THAT(ErrorOf(), AllOf(StartsWith("MODEL: "), HasSubstr("go with a file")));
  trial.model = "lost.safetensors";
  EXPECT_THAT(ErrorOf(), AllOf(StartsWith("MODEL: "), HasSubstr("lost.safetensors")));
}

TEST_F(SingleTrialTest, WhatYamlWouldLeaveOutIsRefused) {
  trial.bits = "w4a8 #x";
  EXPECT_EQ(ErrorOf(),
            "--bits: YAML leaves out '#x' from character 6 on: remove it, or put the value in "
            "quotes");
  trial.bits = "W4A8";
  trial.method = "[zeroq";
  EXPECT_EQ(ErrorOf(),
            "--method, at character 7: not valid YAML: end of sequence flow not found; a [ has no "
            "]");
}

TEST_F(SingleTrialTest, OptionsStandForKeysOfASweep) {
  trial.images = 64;
  trial.exclude = "^conv[12]$|fc # all: of them";
  trial.settings = {"protocol=genie"};
  const Plan plan = Expand();
  const Plan sweep = folder.Expand(
      "name: t\ndata: fashion\nfixed: {model: small, method: {recipe: zeroq, synthesize: {images: "
      "64}}, bits: w4a8, protocol: {preset: genie, exclude: '^conv[12]$|fc # all: of them'}}\n");
  EXPECT_EQ(plan.trials[0].id, sweep.trials[0].id);
  trial.settings = {"synthesize.images=32"};
  EXPECT_THAT(ErrorOf(), AllOf(StartsWith("--images: "), HasSubstr("synthesize.images=32")));
  trial.settings = {};
  for (const char* wrong : {"conv9", "(conv", "a{9}"}) {
    trial.exclude = wrong;
    EXPECT_THAT(ErrorOf(), AllOf(StartsWith("--exclude: "), HasSubstr(wrong)));
  }
}

TEST_F(SingleTrialTest, AFileMayBeDescribed) {
  folder.Write("data/net.bin", "weights");
  trial.model = folder / "data/net.bin";
  trial.arch = "resnet20_cifar_a";
  trial.dataset = "fashion_mnist";
  trial.mean = {0.5};
  EXPECT_THAT(ErrorOf(), HasSubstr("give --mean and --std together"));
  trial.std = {0.25};
  const std::string described = Expand().trials[0].id;
  trial.mean = trial.std = {};
  trial.settings = {"model.normalisation={mean: [0.5], std: [0.25]}"};
  EXPECT_EQ(described, Expand().trials[0].id);
  trial.model = "small";
  trial.arch = trial.dataset = "";
  trial.settings = {};
  trial.input_shape = {3, 32, 32};
  EXPECT_THAT(ErrorOf(), HasSubstr("--input-shape"));
}

}  // namespace
}  // namespace zerosweep
