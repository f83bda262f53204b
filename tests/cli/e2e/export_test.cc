// A trial's network as files, through the real programs, and run by onnxruntime.
#include <gmock/gmock.h>

#include "base/files.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
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

TEST_F(ExportTest, WhatCannotBeWrittenIsOneLineAndNoFile) {
  const std::string trial = Compute("zeroq", "w8a8", "paper");
  const fs::path net = line_ / "net.onnx";
  EXPECT_THAT(
      line_.Refused({"export", trial, "-o", net}),
      HasSubstr("as those of asymmetric grids do: quantize with protocol deploy"));
  EXPECT_THAT(line_.Refused({"export", trial, "-o", line_ / "net.onx"}),
              HasSubstr("must end in .onnx or .safetensors"));
  EXPECT_FALSE(fs::exists(net));
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
  EXPECT_EQ(line_.Value("SELECT protocol FROM v_trial"), "deploy");
  EXPECT_TRUE(fs::exists(net));
}

}  // namespace
}  // namespace zerosweep
