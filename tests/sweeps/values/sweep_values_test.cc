// What the values of trial keys may be, with the message of every wrong one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

struct Case {
  const char* name;
  const char* lines;  // from line 5 on, under `fixed`
  const char* message;
};

class SweepValuesTest : public testing::TestWithParam<Case> {};

TEST_P(SweepValuesTest, SaysWhatIsWrongAndWhere) {
  const SweepFolder folder;
  EXPECT_EQ(folder.ErrorOf(CifarSweep(GetParam().lines)), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Bits, SweepValuesTest,
    testing::Values(
        Case{"word", "  method: zeroq\n  bits: 8\n",
             "sweep.yaml:6: bits is 8, must be like w8a8 or {w: 4, a: 8}"},
        Case{"order", "  method: zeroq\n  bits: A8W8\n",
             "sweep.yaml:6: bits is 'A8W8', must be like w8a8 or {w: 4, a: 8}"},
        Case{"range", "  method: zeroq\n  bits: w1a8\n",
             "sweep.yaml:6: bits is 'w1a8', must be 2 to 8, or 32 for full precision"},
        Case{"map_range", "  method: zeroq\n  bits: {w: 4, a: 9}\n",
             "sweep.yaml:6: bits.a is 9, must be 2 to 8, or 32 for full precision"},
        Case{"map_missing", "  method: zeroq\n  bits: {w: 4}\n", "sweep.yaml:6: bits has no 'a'"},
        Case{"map_key", "  method: zeroq\n  bits: {w: 4, b: 4}\n",
             "sweep.yaml:6: unknown key 'b' in bits, did you mean 'w'?"},
        Case{"mixed_word", "  method: zeroq\n  bits: wmp9a8\n",
             "sweep.yaml:6: bits is 'wmp9a8', must be 2 to 8, or 32 for full precision"},
        Case{"mixed_full", "  method: zeroq\n  bits: wmp32a8\n",
             "sweep.yaml:6: bits is 'wmp32a8', must be 2 to 8, or 32 for full precision"},
        Case{"mixed_budget", "  method: zeroq\n  bits: {w: mp4.5, a: 8}\n",
             "sweep.yaml:6: bits.w is 'mp4.5', must be mp2 to mp8 for mixed precision"},
        Case{"choices_range", "  method: zeroq\n  bits: {w: mp4, a: 8, choices: [2, 9]}\n",
             "sweep.yaml:6: a width of bits.choices is 9, must be at most 8"},
        Case{"choices_twins", "  method: zeroq\n  bits: {w: mp4, a: 8, choices: [4, 2, 4]}\n",
             "sweep.yaml:6: bits.choices holds a width twice: [4,2,4]"},
        Case{"choices_form", "  method: zeroq\n  bits: {w: mp4, a: 8, choices: 4}\n",
             "sweep.yaml:6: bits.choices is 4, must be a list of widths such as [2, 4, 8]"},
        Case{"choices_too_large",
             "  method: zeroq\n  bits:\n    w: mp4\n    a: 8\n    choices: [6, 8]\n",
             "sweep.yaml:9: bits.choices holds nothing of at most 4 bits, so nothing meets the "
             "budget of mp4"},
        Case{"choices_uniform", "  method: zeroq\n  bits: {w: 4, a: 8, choices: [2, 4]}\n",
             "sweep.yaml:6: bits.choices belongs to mixed precision: write {w: mp4, …}"},
        Case{"bucket", "  method: zeroq\n  bits: {w: mp4, a: 8, bucket: -1}\n",
             "sweep.yaml:6: bits.bucket is -1, must be at least 0"},
        Case{"mixed_key", "  method: zeroq\n  bits: {w: mp4, a: 8, chioces: [2, 4]}\n",
             "sweep.yaml:6: unknown key 'chioces' in bits, did you mean 'choices'?"},
        Case{"divergence", "  method: zeroq\n  bits: {w: mp4, a: 8, divergence: symetric}\n",
             "sweep.yaml:6: bits.divergence is 'symetric', must be one of forward, symmetric, did "
             "you mean 'symmetric'?"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Methods, SweepValuesTest,
    testing::Values(
        Case{"unknown", "  bits: w8a8\n  method: zerok\n",
             "sweep.yaml:6: unknown method 'zerok', did you mean 'zeroq'?"},
        Case{"no_recipe", "  bits: w8a8\n  method: {variant: code}\n",
             "sweep.yaml:6: method has no recipe: write {recipe: NAME, …}, or synthesizer and "
             "quantizer instead of method"},
        Case{"unknown_key", "  bits: w8a8\n  method: {recipe: zeroq, synthesise: {}}\n",
             "sweep.yaml:6: unknown key 'synthesise' in method, did you mean 'synthesize'?"},
        Case{"unknown_param",
             "  bits: w8a8\n  method:\n    recipe: zeroq\n    synthesize:\n"
             "      itertions: 10\n",
             "sweep.yaml:9: unknown key 'itertions' in zeroq, did you mean 'iterations'?"},
        Case{"both_words",
             "  bits: w8a8\n  method: {recipe: zeroq, quantize: {}, reconstruct: {}}\n",
             "sweep.yaml:6: quantize and reconstruct are the same block, keep one"},
        Case{"variant", "  bits: w8a8\n  method: {recipe: zeroq, variant: papers}\n",
             "sweep.yaml:6: variant is 'papers', must be one of code, paper, fixed, did you mean "
             "'paper'?"},
        Case{"synthesizer", "  bits: w8a8\n  quantizer: minmax\n  synthesizer: nois\n",
             "sweep.yaml:7: unknown synthesizer 'nois', did you mean 'noise'?"},
        Case{"quantizer", "  bits: w8a8\n  quantizer: {minmx: {}}\n  synthesizer: noise\n",
             "sweep.yaml:6: unknown quantizer 'minmx', did you mean 'minmax'?"},
        Case{"two_names", "  bits: w8a8\n  quantizer: {minmax: {}, percentile: {}}\n",
             "sweep.yaml:6: quantizer is {\"minmax\":{},\"percentile\":{}}, must be a name or one "
             "name with its parameters: {NAME: {…}}"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Parameters, SweepValuesTest,
    testing::Values(
        Case{"minimum", "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: {images: 0}}\n",
             "sweep.yaml:7: zeroq.images is 0, must be at least 1"},
        Case{"maximum", "  bits: w8a8\n  quantizer: {percentile: {p: 1.5}}\n  synthesizer: noise\n",
             "sweep.yaml:6: percentile.p is 1.5, must be at most 1"},
        Case{"float_for_int",
             "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: {images: "
             "1e3}}\n",
             "sweep.yaml:7: zeroq.images is 1e3, must be an integer"},
        Case{"quoted_int",
             "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: {images: "
             "'8'}}\n",
             "sweep.yaml:7: zeroq.images is '8', must be an integer"},
        Case{"word_for_float",
             "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: {lr: "
             "nan}}\n",
             "sweep.yaml:7: zeroq.lr is 'nan', must be a number"},
        Case{"boolean", "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: {jitter: 1}}\n",
             "sweep.yaml:7: zeroq.jitter is 1, must be true or false"},
        Case{
            "choice",
            "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: {init: "
            "gausian}}\n",
            "sweep.yaml:7: zeroq.init is 'gausian', must be one of uniform, gaussian, did you mean "
            "'gaussian'?"},
        Case{"text", "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: {note: [a]}}\n",
             "sweep.yaml:7: zeroq.note is [\"a\"], must be text"},
        Case{"no_block", "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: 5}\n",
             "sweep.yaml:7: zeroq is 5, must be a map of images, iterations, lr, init, jitter, "
             "swing, "
             "note, threads, ranks, resources"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Settings, SweepValuesTest,
    testing::Values(
        Case{"protocol", "  bits: w8a8\n  method: zeroq\nprotocol: gennie\n",
             "sweep.yaml:7: unknown protocol 'gennie', did you mean 'genie'?"},
        Case{"preset", "  bits: w8a8\n  method: zeroq\nprotocol: {preset: x}\n",
             "sweep.yaml:7: unknown protocol 'x' (known: genie, zeroq)"},
        Case{"field", "  bits: w8a8\n  method: zeroq\nprotocol: {preset: genie, frist_w: 4}\n",
             "sweep.yaml:7: unknown key 'frist_w' in protocol, did you mean 'first_w'?"},
        Case{"field_bits", "  bits: w8a8\n  method: zeroq\nprotocol: {first_w: 16}\n",
             "sweep.yaml:7: protocol.first_w is 16, must be 2 to 8, 32 or 'same'"},
        Case{"profile", "  bits: w8a8\n  method: zeroq\nprofile: quick\n",
             "sweep.yaml:7: profile is 'quick', must be one of paper, fast, smoke"},
        Case{"ranks", "  bits: w8a8\n  method: zeroq\nranks: 2\n",
             "sweep.yaml:7: ranks is 2, but minmax runs on one rank (on several run: rounding)"},
        Case{
            "quantizer_ranks",
            "  bits: w8a8\n  synthesizer: zeroq\n  quantizer: {percentile: {ranks: 2}}\n",
            "sweep.yaml:7: ranks is 2, but percentile runs on one rank (on several run: rounding)"},
        Case{"no_ranks",
             "  bits: w8a8\n  synthesizer: zeroq\n  quantizer: {rounding: {ranks: 0}}\n",
             "sweep.yaml:7: rounding.ranks is 0, must be at least 1"},
        Case{"part_ranks",
             "  bits: w8a8\n  quantizer: minmax\n  synthesizer: {zeroq: {ranks: 4}}\n",
             "sweep.yaml:7: ranks is 4, but this version has only 1"},
        Case{"resources", "  bits: w8a8\n  method: zeroq\nresources: {cores: 2}\n",
             "sweep.yaml:7: unknown key 'cores' in resources (known: threads, cpus, gpus, memory, "
             "time, ranks)"},
        Case{"threads", "  bits: w8a8\n  method: zeroq\nresources: {threads: 0}\n",
             "sweep.yaml:7: resources.threads is 0, must be at least 1"},
        Case{"memory", "  bits: w8a8\n  method: zeroq\nresources: {memory: 16}\n",
             "sweep.yaml:7: resources.memory is 16, must be a size with its unit: 16GB"},
        Case{"time", "  bits: w8a8\n  method: zeroq\nresources: {time: 2 weeks}\n",
             "sweep.yaml:7: resources.time is '2 weeks', must be a time with its unit: 90s, 30m, "
             "2h, 1d"},
        Case{"evaluate_resources",
             "  bits: w8a8\n  method: zeroq\nevaluate: {resources: {threads: 0}}\n",
             "sweep.yaml:7: resources.threads is 0, must be at least 1"},
        Case{"resource_ranks", "  bits: w8a8\n  method: zeroq\nresources: {ranks: 2}\n",
             "sweep.yaml:7: resources.ranks is 2, but ranks change a stage's result: write ranks "
             "next to resources"},
        Case{"evaluate", "  bits: w8a8\n  method: zeroq\nevaluate: {limits: 10}\n",
             "sweep.yaml:7: unknown key 'limits' in evaluate, did you mean 'limit'?"},
        Case{"evaluate_range", "  bits: w8a8\n  method: zeroq\nevaluate: {limit: -1}\n",
             "sweep.yaml:7: evaluate.limit is -1, must be at least 0"},
        Case{"seed", "  bits: w8a8\n  method: zeroq\n  seed: {synthesis: 1}\n",
             "sweep.yaml:7: seed has no 'quantize'"},
        Case{"shared_threads",
             "  bits: w8a8\ngrid:\n  method:\n    - {recipe: zeroq, synthesize: {resources: "
             "{threads: "
             "1}}}\n    - {recipe: zeroq, synthesize: {resources: {threads: 2}}}\n",
             "sweep.yaml:9: trials that share a synthesize stage ask for 1 and 2 threads: give one "
             "number for both"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(SweepValuesTest, RefusesMethodsThatTheModelOrDataCannotServe) {
  const SweepFolder folder;
  const std::string plain =
      "name: t\ndata: data\nfixed:\n  model: {file: net.safetensors, arch: plain_cnn, dataset: "
      "cifar10, normalisation: {mean: [0, 0, 0], std: [1, 1, 1]}}\n  bits: w8a8\n";
  EXPECT_EQ(folder.ErrorOf(plain + "  method: zeroq\n"),
            "sweep.yaml:6: zeroq on plain_cnn: this network has no batch norm: exclude this pair");
  EXPECT_EQ(folder.ErrorOf(plain + "  method: noise\n"), "no error");
  std::filesystem::remove(folder / "data/calibration_batch.bin");
  EXPECT_EQ(
      folder.ErrorOf(CifarSweep("  bits: w8a8\n  method: real\n")),
      "sweep.yaml:6: real needs real images, but data holds no training or calibration images "
      "of dataset cifar10");
}

TEST(SweepValuesTest, AJointMethodHasNoSynthesizeStage) {
  const SweepFolder folder;
  const std::string lines = "  bits: w8a8\n  method: joint\n";
  const Plan plan = folder.Expand(CifarSweep(lines));
  const TrialRow& trial = plan.trials.at(0);
  ASSERT_EQ(trial.stages.size(), 3U);
  const StageRow& quantize = StageOf(trial, "quantize", plan.stages);
  EXPECT_EQ(quantize.design->roles, std::vector<std::string>{"teacher"});
  EXPECT_EQ(quantize.design->revision, 2);
  EXPECT_EQ(quantize.design->params.at("dataset"), "cifar10");  // the real images that it takes
  EXPECT_TRUE(quantize.design->files.contains("data"));
  EXPECT_EQ(trial.configuration->method, "joint");
  EXPECT_EQ(trial.configuration->synthesizer, "");
  EXPECT_FALSE(trial.configuration->resolved.contains("synthesizer"));
  EXPECT_EQ(folder.ErrorOf(CifarSweep(lines + "exclude:\n  - {synthesizer: zeroq}\n")), "no error");
  std::filesystem::remove(folder / "data/calibration_batch.bin");
  EXPECT_EQ(folder.ErrorOf(CifarSweep(lines)),
            "sweep.yaml:6: joint needs real images, but data holds no training or calibration "
            "images of dataset cifar10");
}

TEST(SweepValuesTest, AJointMethodTakesNoImages) {
  const SweepFolder folder;
  EXPECT_EQ(
      folder.ErrorOf(CifarSweep("  bits: w8a8\n  synthesizer: zeroq\n  quantizer: joint\n")),
      "sweep.yaml:7: joint makes its own images and takes no synthesizer: write method: joint "
      "instead");
  EXPECT_EQ(folder.ErrorOf(
                CifarSweep("  bits: w8a8\n  method: {recipe: joint, synthesize: {images: 3}}\n")),
            "sweep.yaml:6: joint has no synthesize stage: its images are made while it quantizes, "
            "write quantize: {…}");
  EXPECT_EQ(folder.ErrorOf(CifarSweep("  bits: wmp4a8\n  method: joint\n")),
            "sweep.yaml:5: 'wmp4a8' is mixed precision, which is chosen on images, but joint makes "
            "its own while it quantizes: give widths, or the bits of each layer");
}

// given > recipe > variant > profile > default
TEST(SweepValuesTest, ResolvesParametersInOrder) {
  const SweepFolder folder;
  const auto params = [&](const std::string& lines) {
    return folder.Expand(CifarSweep("  bits: w8a8\n" + lines)).trials.at(0).configuration->resolved;
  };
  const Json plain = params("  method: zeroq\n");
  EXPECT_EQ(plain["synthesizer"]["params"]["iterations"], 500);
  EXPECT_EQ(plain["synthesizer"]["params"]["init"], "uniform");
  EXPECT_EQ(params("  method: zeroq\nprofile: fast\n")["synthesizer"]["params"]["iterations"], 100);
  EXPECT_EQ(params("  method: zeroq\nvariant: paper\n")["synthesizer"]["params"]["init"],
            "gaussian");
  const Json sharp = params("  method: sharp\nprofile: fast\n");
  EXPECT_EQ(sharp["quantizer"]["params"]["iterations"], 2000);  // variant over profile
  EXPECT_EQ(sharp["synthesizer"]["params"]["images"], 96);      // recipe over default
  EXPECT_EQ(sharp["variant"], "paper");
  const Json own = params(
      "  method: {recipe: sharp, variant: code, synthesize: {images: 7, lr: 1}, reconstruct: "
      "{iterations: 9}}\nvariant: paper\nprofile: smoke\n");
  EXPECT_EQ(own["synthesizer"]["params"]["images"], 7);
  EXPECT_EQ(own["quantizer"]["params"]["iterations"], 9);
  EXPECT_EQ(own["variant"], "code");
  EXPECT_TRUE(own["synthesizer"]["params"]["lr"].is_number_float());
}

TEST(SweepValuesTest, NamesProtocolsByPresetAndMarksChanges) {
  const SweepFolder folder;
  const auto label = [&](const std::string& lines) {
    return folder.Expand(CifarSweep("  bits: w8a8\n" + lines)).trials.at(0).configuration->protocol;
  };
  EXPECT_EQ(label("  method: sharp\n"), "genie");
  EXPECT_EQ(label("  method: sharp\nprotocol: zeroq\n"), "zeroq");
  EXPECT_EQ(label("  method: sharp\nprotocol: {preset: genie, first_w: 8}\n"), "genie");
  EXPECT_THAT(label("  method: sharp\nprotocol: {preset: genie, first_w: 4}\n"),
              testing::MatchesRegex("genie\\*[0-9a-f]{4}"));
  EXPECT_EQ(label("  synthesizer: noise\n  quantizer: minmax\n"), "zeroq");
  EXPECT_THAT(label("  synthesizer: noise\n  quantizer: minmax\nprotocol: {bn: folded}\n"),
              testing::MatchesRegex("default\\*[0-9a-f]{4}"));
}

}  // namespace
}  // namespace zerosweep
