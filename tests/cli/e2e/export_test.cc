// A trial's network as files, through the real programs, and run by onnxruntime.
#include <gmock/gmock.h>

#include "base/files.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class ExportTest : public testing::Test {
 protected:
  // Computes one trial of the tiny network under these settings, and returns its name.
  std::string Compute(const std::string& protocol, const std::string& bits,
                      const std::string& form = "exported") {
    line_.Write("sweep.yaml",
                CommandLine::Sweep("grid:\n  method: [{recipe: real, synthesize: {images: 100}}]\n"
                                   "  bits: [" +
                                   bits + "]\n  protocol: [" + protocol + "]\n"));
    const Finished run =
        line_.Do({"run", line_ / "sweep.yaml", "--set", "fixed.evaluate.form=" + form});
    EXPECT_EQ(run.code, 0) << run.err;
    return line_.Value("SELECT trial FROM v_trial");
  }
  fs::path Predictions() const {
    const std::string artifact =
        line_.Value("SELECT artifact FROM v_stage WHERE kind = 'evaluate'");
    return line_.home() / "artifacts" / artifact.substr(0, 2) / artifact / "predictions.bin";
  }
  // What onnxruntime makes of the file; it names a package that is missing.
  Json RunByOnnxruntime(const fs::path& network) const {
    const Finished run = line_
                             .StartProgram({SourceFolder() / ".venv/bin/python",
                                            SourceFolder() / "tests/networks/check_export.py",
                                            network, line_ / "data/test_batch.bin", Predictions(),
                                            "0.5,0.5,0.5", "0.25,0.25,0.25"})
                             ->Wait();
    EXPECT_EQ(run.code, 0) << run.err;
    return run.json();
  }

  CommandLine line_;
};

TEST_F(ExportTest, OnnxruntimeComputesWhatTheEngineSays) {
  const std::string trial = Compute("deploy", "w4a4");
  const fs::path net = line_ / "net.onnx";
  const Finished exported = line_.Do({"export", trial, "-o", net});
  ASSERT_EQ(exported.code, 0) << exported.err;
  EXPECT_THAT(exported.err, HasSubstr("28 of 29 convolutions, linear layers and additions run as "
                                      "integers"));
  EXPECT_THAT(exported.out, HasSubstr("no quantizer is in front of it"));
  EXPECT_THAT(exported.err,
              AllOf(HasSubstr("form exported: top-1 "), HasSubstr("full precision ")));
  const Json ran = RunByOnnxruntime(net);
  if (ran.contains("missing")) GTEST_SKIP() << ran.at("missing") << " is not installed";
  for (const char* level : {"disable_all", "enable_all"})
    EXPECT_GE(ran.at(level).at("equal").get<double>(), 99) << ran;
  const Json& operators = ran.at("operators");
  EXPECT_EQ(operators.at("QLinearConv"), 18) << ran;  // all but the first
  EXPECT_EQ(operators.at("Conv"), 1);
  EXPECT_EQ(operators.at("QLinearAdd"), 9);
  EXPECT_EQ(operators.at("QGemm"), 1);
  EXPECT_EQ(ran.at("metadata").at("trial"), trial);
  EXPECT_EQ(ran.at("metadata").at("bits"), "w4a4");
}

// The trial's own form stays on the leaderboard; the other is a trial of its own.
TEST_F(ExportTest, TheExportedFormIsEvaluatedBeforeItIsWritten) {
  const std::string trial = Compute("deploy", "w4a4", "paper");
  const fs::path net = line_ / "net.onnx";
  const Finished again = line_.Do({"export", trial, "-o", net, "--max-drop", "100"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, AllOf(HasSubstr("form paper "), HasSubstr("the same class on ")));
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_trial WHERE sweep LIKE 'export_%'"), 1);
  EXPECT_EQ(line_.Do({"leaderboard", "--format", "json"}).json().size(), 1U);
  EXPECT_EQ(line_.Do({"leaderboard", "--where", "form=exported", "--format", "json"}).json().size(),
            1U);
  // Without the images only --no-evaluate writes it.
  line_.UseHome("other");
  const std::string other = Compute("deploy", "w8a8", "paper");
  fs::remove_all(line_ / "data");
  const Finished without = line_.Do({"export", other, "-o", net});
  EXPECT_EQ(without.code, 4);
  EXPECT_THAT(without.err, HasSubstr("the test images of dataset cifar10 are not there"));
  EXPECT_EQ(line_.Do({"export", other, "-o", net, "--no-evaluate"}).code, 0);
}

TEST_F(ExportTest, WhatCannotBeWrittenIsOneLineAndNoFile) {
  const std::string trial = Compute("zeroq", "w8a8", "paper");
  const fs::path net = line_ / "net.onnx";
  EXPECT_THAT(line_.Refused({"export", trial, "-o", net}),
              HasSubstr("as those of asymmetric grids do: quantize with protocol deploy"));
  EXPECT_THAT(line_.Refused({"export", trial, "-o", line_ / "net.onx"}),
              HasSubstr("must end in .onnx or .safetensors"));
  EXPECT_FALSE(fs::exists(net));
}

TEST_F(ExportTest, OptionsWithoutEffectAndOutputsThatCannotBeAreRefused) {
  const std::string trial = Compute("deploy", "w8a8");
  const fs::path net = line_ / "net.onnx";
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"-o", line_ / "net.safetensors", "--max-drop", "1"},
        {"-o", net, "--full-precision", "--target", "openvino"},
        {"-o", net, "--max-drop", "nan"},
        {"-o", line_ / "data"},
        {"-o", line_ / "nowhere" / "net.onnx"}}) {
    std::vector<std::string> words = {"export", trial};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_NE(line_.Refused(words), "") << more.back();
  }
  // Its own form is the exported one: there is no other to compare with.
  const Finished exported = line_.Do({"export", trial, "-o", net});
  EXPECT_EQ(exported.code, 0) << exported.err;
  EXPECT_THAT(exported.err, testing::Not(HasSubstr("form paper")));
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_trial"), 1);
  const std::vector<std::string> quantize = {
      "quantize", line_ / "tiny.safetensors", "--method", "noise", "--bits", "w8a8"};
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"-o", line_ / "tiny.safetensors"},
        {"--save-config", line_ / "tiny.safetensors"},
        {"--target", "openvino"}}) {
    std::vector<std::string> words = quantize;
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_NE(line_.Refused(words), "") << more.back();
  }
}

TEST_F(ExportTest, TensorsHaveTheFieldsConvention) {
  const std::string trial = Compute("deploy", "w4a4");
  for (const char* form : {"paper", "exported"}) {
    const fs::path file = line_ / (std::string(form) + ".safetensors");
    ASSERT_EQ(line_.Do({"export", trial, "-o", file, "--form", form}).code, 0);
    EXPECT_EQ(ParseJson(Contents(fs::path(file).replace_extension(".json")), form).at("form"),
              form);
    EXPECT_THAT(Contents(file).substr(0, 20000), HasSubstr("conv1.zero_point"));
  }
}

TEST_F(ExportTest, QuantizeWritesOnnxUnderDeploy) {
  const fs::path net = line_ / "net.onnx";
  const Finished made = line_.Do(
      {"quantize", line_ / "tiny.safetensors", "--arch", "resnet20_cifar_a", "--dataset", "cifar10",
       "--set", "model.normalisation={mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}", "--method",
       "real", "--bits", "w8a8", "--profile", "smoke", "--data", line_ / "data", "-o", net});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(line_.Value("SELECT DISTINCT protocol FROM v_trial"), "deploy");
  EXPECT_TRUE(fs::exists(net));
  EXPECT_THAT(made.err, AllOf(HasSubstr("GBitOps"), HasSubstr(" → ")));
}

TEST_F(ExportTest, WhatDropsTooFarIsNotWritten) {
  const Finished made = line_.Do(
      {"quantize", "fashion_mnist-resnet20", "--method", "noise", "--bits", "w2a2", "--profile",
       "smoke", "--set", "evaluate.limit=100", "-o", line_ / "net.onnx", "--max-drop", "5"});
  EXPECT_EQ(made.code, 1) << made.err;
  EXPECT_THAT(made.err,
              AllOf(HasSubstr("net.onnx is not written: "), HasSubstr("--max-drop allows 5")));
  EXPECT_FALSE(fs::exists(line_ / "net.onnx"));
  EXPECT_THAT(line_.Refused({"quantize", "fashion_mnist-resnet20", "--method", "noise", "--bits",
                             "w8a8", "--max-drop", "5"}),
              HasSubstr("--max-drop goes with -o FILE.onnx"));
}

TEST_F(ExportTest, ATrialOfQuantizeIsASweepToo) {
  std::vector<std::string> words = {"quantize",
                                    line_ / "tiny.safetensors",
                                    "--arch",
                                    "resnet20_cifar_a",
                                    "--dataset",
                                    "cifar10",
                                    "--mean",
                                    "0.5,0.5,0.5",
                                    "--std",
                                    "0.25,0.25,0.25",
                                    "--method",
                                    "real",
                                    "--images",
                                    "100",
                                    "--exclude",
                                    "layer1\\.0|fc",
                                    "--bits",
                                    "w8a8",
                                    "--profile",
                                    "smoke",
                                    "--data",
                                    line_ / "data",
                                    "-o",
                                    line_ / "net.onnx",
                                    "--save-config",
                                    line_ / "saved.yaml"};
  std::vector<std::string> dry = words;
  dry.push_back("--dry-run");
  const Finished planned = line_.Do(dry);
  ASSERT_EQ(planned.code, 0) << planned.err;
  EXPECT_THAT(planned.out, HasSubstr("4 to compute"));
  EXPECT_FALSE(fs::exists(line_.home() / "results.db"));
  ASSERT_EQ(line_.Do({"run", line_ / "saved.yaml"}).code, 0);
  const Finished made = line_.Do(words);
  EXPECT_EQ(made.code, 3) << made.err;  // its trial is done
  EXPECT_THAT(made.err, HasSubstr("of 29 convolutions, linear layers and additions run as"));
  EXPECT_TRUE(fs::exists(line_ / "net.onnx"));
}

TEST_F(ExportTest, BenchmarkComparesFiles) {
  const std::string trial = Compute("deploy", "w8a8", "paper");
  const fs::path net = line_ / "net.onnx";
  ASSERT_EQ(line_.Do({"export", trial, "-o", net, "--no-evaluate"}).code, 0);
  const std::vector<std::string> words = {"benchmark", net, net,        "--seconds", "0",
                                          "--batch",   "2", "--format", "json"};
  const Finished measured = line_.Do(words);
  if (measured.code != 0) GTEST_SKIP() << measured.err;
  const Json networks = measured.json();
  ASSERT_EQ(networks.size(), 2U);
  EXPECT_EQ(networks[1].at("same_class"), 100);
  EXPECT_TRUE(networks[1].at("sqnr").is_null());
  EXPECT_GT(networks[1].at("milliseconds"), 0);
  EXPECT_EQ(networks[1].at("bytes"), fs::file_size(net));
  EXPECT_THAT(line_.Refused({"benchmark", line_ / "sweep.yaml"}), HasSubstr("ends in .onnx"));
  line_.Write("bad.onnx", "not a network");
  EXPECT_THAT(line_.Refused({"benchmark", line_ / "bad.onnx"}), HasSubstr("bad.onnx is damaged"));
}

}  // namespace
}  // namespace zerosweep
