// Exported networks of a real ResNet-20 against the engine: by onnxruntime on 10,000 images, and unit
// by unit, code by code, by onnxruntime and by onnx's reference evaluator.
#include <algorithm>
#include <map>
#include <tuple>

#include "base/files.h"
#include "tests/support/command_line.h"
#include "tests/support/shared_data.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

// At 2 bits, ranges from minimum to maximum leave nothing of a network.
const std::string kMinMax = "{recipe: real, synthesize: {images: 256}}";
const std::string kLearned =
    "{recipe: qdrop, synthesize: {images: 256}, quantize: {iterations: 300}}";

// A network and its test images.
struct Subject {
  std::string model, data;  // as a sweep has them
  fs::path images;
  std::string mean, std;
};

std::optional<Subject> Cifar() {
  const auto data = SharedData("cifar10-jpeg");
  if (!data) return {};
  return Subject{"{file: resnet20.safetensors, arch: resnet20_cifar_a, dataset: cifar10}",
                 data->string(), *data / "test_batch.bin", "0.485,0.456,0.406",
                 "0.229,0.224,0.225"};
}

Subject FashionMnist() {
  const fs::path folder = "/usr/share/datasets/fashion-mnist";  // Debian's package
  return {"fashion_mnist-resnet20", folder.string(), folder / "t10k-images-idx3-ubyte.gz", "0.286",
          "0.353"};
}

// The optimised graph of onnxruntime has as many integer operators as the list of `export` says.
void ExpectFused(const Json& operators, const Json& fused) {
  const std::map<std::string, std::string> kinds = {
      {"conv2d", "QLinearConv"}, {"add", "QLinearAdd"}, {"linear", "QGemm"}};
  for (const auto& [type, kind] : kinds) {
    const auto integers = std::count_if(operators.begin(), operators.end(), [&](const Json& one) {
      return one.at("type") == type && one.at("runs_as") == "integers";
    });
    EXPECT_EQ(fused.value(kind, 0), integers) << kind << fused;
  }
}

class ExportAgreementTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto cifar = Cifar(); cifar) subject_ = *cifar;
    if (subject_.model.empty()) GTEST_SKIP() << kNoSharedData;
  }

  // Computes one trial and writes it as ONNX; returns the table of `export`.
  Json Export(const std::string& protocol, const std::string& bits) {
    line_.Write("sweep.yaml", "name: real\ndata: " + subject_.data +
                                  "\nprofile: fast\nfixed:\n  model: " + subject_.model +
                                  "\n  method: " + (bits == "w2a2" ? kLearned : kMinMax) +
                                  "\n  bits: " + bits + "\n  protocol: " + protocol + "\n");
    const Finished run = line_.Do({"run", line_ / "sweep.yaml"});
    EXPECT_EQ(run.code, 0) << run.err;
    const std::string trial = line_.Value("SELECT trial FROM v_trial WHERE sweep = 'real'");
    const Finished exported = line_.Do({"export", trial, "-o", net(), "--format", "json"});
    EXPECT_EQ(exported.code, 0) << exported.err;
    return exported.json();
  }
  fs::path net() const { return line_ / "net.onnx"; }
  // The folder of the stage's artifact, of the exported form's trial.
  fs::path Artifact(const std::string& kind) const {
    const std::string digest = line_.Value(
        "SELECT g.artifact FROM v_trial t JOIN v_trial_stage x ON x.trial = t.trial JOIN v_stage g "
        "ON g.stage = x.stage WHERE t.sweep LIKE 'export_%' AND x.kind = '" +
        kind + "'");
    return line_.home() / "artifacts" / digest.substr(0, 2) / digest;
  }
  Json RunPython(const std::string& script, const std::vector<std::string>& words) const {
    std::vector<std::string> command = {SourceFolder() / ".venv/bin/python",
                                        SourceFolder() / "tests/networks" / script};
    command.insert(command.end(), words.begin(), words.end());
    const Finished run = line_.StartProgram(command)->Wait();
    EXPECT_EQ(run.code, 0) << run.err;
    return run.json();
  }
  Json RunWhole() const {
    return RunPython("check_export.py",
                     {net(), subject_.images, Artifact("evaluate") / "predictions.bin",
                      subject_.mean, subject_.std});
  }
  Json RunUnits() const {
    const fs::path folder = line_ / "probe";
    fs::create_directories(folder);
    RunPython("write_images.py", {subject_.images, "32", subject_.mean, subject_.std, folder});
    const Json request = {{"teacher", Artifact("teacher").string()},
                          {"quantized", Artifact("quantize").string()},
                          {"probe", folder.string()}};
    const Finished stage =
        line_.StartProgram({BuildFolder() + "/bin/zerosweep-stage", "--export", request.dump()})
            ->Wait();
    EXPECT_EQ(stage.code, 0) << stage.err;
    return RunPython("check_units.py", {net(), folder, "off", "on", "reference"});
  }

  // Of all that `evaluate: {form: exported}` gives; of codes, all but those next to a tie.
  void ExpectAgreement(const Json& operators) const {
    const Json whole = RunWhole();
    if (whole.contains("missing")) GTEST_SKIP() << whole.at("missing") << " is not installed";
    const double top1 =
        line_.Value("SELECT top1 FROM v_trial WHERE sweep LIKE 'export_%'").get<double>();
    for (const char* level : {"disable_all", "enable_all"}) {
      EXPECT_GE(whole.at(level).at("equal").get<double>(), 99.7) << whole;
      EXPECT_NEAR(whole.at(level).at("top1").get<double>(), top1, 0.1) << whole;
    }
    const Json units = RunUnits();
    for (const auto& [runtime, counts] : units.items()) {
      EXPECT_GE(counts.at("codes").get<int64_t>(), 1'000'000) << runtime;
      EXPECT_LE(counts.at("different").get<int64_t>(), counts.at("codes").get<int64_t>() / 100'000)
          << runtime << counts;
      EXPECT_LE(counts.at("most").get<int>(), 1) << runtime << counts;
      EXPECT_LE(counts.at("tie").get<double>(), 1e-4) << runtime << counts;
      EXPECT_LE(counts.at("logits").get<double>(), 1e-5) << runtime << counts;
    }
    ExpectFused(operators, whole.at("operators"));
    std::printf("%s\n%s\n", whole.dump().c_str(), units.dump().c_str());
  }

  CommandLine line_;
  Subject subject_;
};

class DeployTest : public ExportAgreementTest, public testing::WithParamInterface<const char*> {};

TEST_P(DeployTest, AllConvolutionsButTheFirstRunAsIntegersAndAgree) {
  const Json operators = Export("deploy", GetParam());
  EXPECT_EQ(std::count_if(operators.begin(), operators.end(),
                          [](const Json& one) {
                            return one.at("type") == "conv2d" && one.at("runs_as") == "float";
                          }),
            1);
  ExpectAgreement(operators);
}

INSTANTIATE_TEST_SUITE_P(Bits, DeployTest, testing::Values("w8a8", "w4a4", "w2a2"));

class FashionTest : public ExportAgreementTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { subject_ = FashionMnist(); }
};

TEST_P(FashionTest, Agrees) { ExpectAgreement(Export("deploy", GetParam())); }

INSTANTIATE_TEST_SUITE_P(Bits, FashionTest, testing::Values("w8a8", "w4a4", "w2a2"));

class PlacementTest : public ExportAgreementTest,
                      public testing::WithParamInterface<std::tuple<const char*, const char*>> {};

TEST_P(PlacementTest, Agrees) {
  const auto& [preset, bits] = GetParam();
  ExpectAgreement(
      Export("{preset: " + std::string(preset) + ", w_grid: symmetric_per_channel}", bits));
}

INSTANTIATE_TEST_SUITE_P(Presets, PlacementTest,
                         testing::Combine(testing::Values("zeroq", "qdrop", "genie"),
                                          testing::Values("w8a8", "w4a4", "w2a2")));

}  // namespace
}  // namespace zerosweep
