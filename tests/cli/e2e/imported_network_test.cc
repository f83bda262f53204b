// A network from a file of PyTorch, through the real programs: looked into, imported, quantized.
#include <gmock/gmock.h>

#include "base/files.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

fs::path Golden(const std::string& name) { return SourceFolder() / "tests/golden" / name; }

class ImportedNetworkTest : public testing::Test {
 protected:
  // Of the small network onnx/residual, whose images are 3 × 20 × 20.
  std::vector<std::string> Import(const std::string& file,
                                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"import",      file,    "--mean",
                                      "0.5,0.5,0.5", "--std", "0.25,0.25,0.25"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // Writes the shipped network by PyTorch. False where this build's Python has none.
  bool WriteFashion(const fs::path& file) const {
    const fs::path python = SourceFolder() / ".venv/bin/python";
    const Finished made = line_
                              .StartProgram({python, SourceFolder() / "models/fashion_resnet20.py",
                                             SourceFolder() / "models/"
                                                              "fashion_mnist-resnet20.safetensors",
                                             file})
                              ->Wait();
    return made.code == 0;
  }

  CommandLine line_;
};

TEST_F(ImportedNetworkTest, InspectShowsNodesAndWhatRuns) {
  const fs::path file = Golden("onnx/residual.preserve.onnx");
  const Json report = line_.Do({"inspect", file, "--format", "json"}).json().at(0);
  EXPECT_EQ(report.at("facts").at("batch_norms"), 2);
  EXPECT_EQ(report.at("facts").at("classes"), 5);
  const Finished shown = line_.Do({"inspect", file});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("layer1.0"));
  const Json& nodes = report.at("nodes");
  EXPECT_EQ(std::count_if(nodes.begin(), nodes.end(),
                          [](const Json& node) { return node.contains("batch_norm"); }),
            2);
  EXPECT_THAT(shown.out, HasSubstr("2 batch norms"));
  EXPECT_THAT(shown.out, HasSubstr("recipes that run on it:"));
  EXPECT_THAT(shown.out, HasSubstr("quantized, it can be written as ONNX and .safetensors"));
  const Finished folded = line_.Do({"inspect", Golden("onnx/residual.script.onnx")});
  EXPECT_THAT(folded.out, HasSubstr("training=torch.onnx.TrainingMode.PRESERVE"));
  EXPECT_THAT(folded.out, HasSubstr("zeroq, zeroq_mp: it matches batch-norm statistics"));
  EXPECT_FALSE(fs::exists(line_.home()));  // it only reads
}

TEST_F(ImportedNetworkTest, ImportKeepsANetworkWithTheFilesNextToIt) {
  const Finished imported =
      line_.Do(Import(Golden("onnx/residual.default.onnx"), {"--name", "mine", "--no-check"}));
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_TRUE(IsFile(line_.home() / "models/mine/residual.default.onnx"));
  EXPECT_TRUE(IsFile(line_.home() / "models/mine/residual.default.onnx.data"));
  const Json models = line_.Do({"models", "--format", "json"}).json();
  EXPECT_TRUE(std::any_of(models.begin(), models.end(),
                          [](const Json& row) { return row.at("model") == "mine"; }));
  // The same once more is no other; another under its name is refused.
  EXPECT_EQ(
      line_.Do(Import(Golden("onnx/residual.default.onnx"), {"--name", "mine", "--no-check"})).code,
      0);
  EXPECT_THAT(
      line_.Refused(Import(Golden("onnx/residual.script.onnx"), {"--name", "mine", "--no-check"})),
      HasSubstr("the home has another model named mine"));
}

TEST_F(ImportedNetworkTest, AnInterruptedImportLeavesNothing) {
  const fs::path folder = line_ / "temporary", net = line_ / "net.pt2";
  fs::create_directories(folder);
  if (!WriteFashion(net)) GTEST_SKIP() << "no PyTorch in .venv";
  line_.SetEnvironment("TMPDIR", folder);
  const auto import = line_.Start({"import", net, "--dataset", "fashion_mnist", "--mean", "0.286",
                                   "--std", "0.353", "--name", "mine"});
  ASSERT_TRUE(WaitUntil([&] { return !fs::is_empty(folder); }, 60)) << import->Said();
  import->Signal(SIGINT);
  const Finished interrupted = import->Wait();
  EXPECT_EQ(interrupted.code, 75) << interrupted.err;
  EXPECT_THAT(interrupted.err, HasSubstr("interrupted while "));
  EXPECT_TRUE(fs::is_empty(folder));
  EXPECT_FALSE(fs::exists(line_.home()));
}

TEST_F(ImportedNetworkTest, ImportRefusesWhatDoesNotFitInOneLine) {
  const fs::path net = Golden("onnx/residual.preserve.onnx");
  EXPECT_THAT(line_.Refused({"import", net, "--no-check"}), HasSubstr("give --mean one number"));
  EXPECT_THAT(line_.Refused(Import(net, {"--name", "../x"})), HasSubstr("--name is '../x'"));
  EXPECT_THAT(line_.Refused(Import(net, {"--dataset", "cifar1"})),
              HasSubstr("did you mean 'cifar10'"));
  EXPECT_THAT(line_.Refused(Import(net, {"--input-shape", "3x20"})), HasSubstr("must be CxHxW"));
  EXPECT_THAT(line_.Refused({"import", net, "--mean", "nan,0,0", "--std", "1,1,1", "--no-check"}),
              HasSubstr("must be numbers"));
  EXPECT_THAT(line_.Refused(Import(net, {"--dataset", "cifar10", "--no-check"})),
              HasSubstr("those of dataset cifar10 are [3,32,32]"));
  EXPECT_THAT(line_.Refused(Import(net, {"--classes", "7", "--no-check"})),
              HasSubstr("--classes is 7"));
  EXPECT_THAT(line_.Refused(Import(net, {"--name", "fashion_mnist-resnet20", "--no-check"})),
              HasSubstr("a shipped model is named fashion_mnist-resnet20"));
  line_.Write("net.pt2", ReadFile(net));
  EXPECT_THAT(line_.Refused({"inspect", line_ / "net.pt2"}), HasSubstr("must end in .onnx"));
  EXPECT_THAT(line_.Refused(Import(line_ / "tiny.safetensors")),
              HasSubstr("must end in .onnx or .pt2"));
  line_.Write("broken.onnx", ReadFile(net).substr(0, 2000));
  EXPECT_THAT(line_.Refused({"inspect", line_ / "broken.onnx"}), HasSubstr("broken.onnx"));
  EXPECT_FALSE(fs::exists(line_.home()));
}

TEST_F(ImportedNetworkTest, TheFileItselfIsAskedWhetherItAgrees) {
  const Finished imported = line_.Do(Import(Golden("onnx/residual.preserve.onnx")));
  if (imported.err.find("is missing; `scripts/setup --onnx`") != std::string::npos)
    GTEST_SKIP() << imported.err;
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("its outputs are those of onnxruntime"));
  EXPECT_THAT(imported.err, Not(HasSubstr(", in float16")));
  // What its own type rounds away is no difference.
  const Finished half = line_.Do(Import(Golden("onnx/half.preserve.onnx")));
  EXPECT_EQ(half.code, 0) << half.err;
  EXPECT_THAT(half.err, HasSubstr(", in float16"));
  // Without a Python there is no answer, and the line says what to do.
  CommandLine without;
  without.SetEnvironment("ZEROSWEEP_PYTHON", "/bin/false");
  const Finished refused = without.Do(Import(Golden("onnx/residual.preserve.onnx")));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--no-check does without"));
}

// The shipped network as PyTorch writes it is the built-in one: same accuracy, same quantization.
TEST_F(ImportedNetworkTest, TheShippedNetworkFromAFileIsTheBuiltInOne) {
  const fs::path file = line_ / "mine.pt2";
  if (!WriteFashion(file)) GTEST_SKIP() << "this build's Python has no PyTorch (make CUDA=0)";
  const Finished imported = line_.Do({"import", file, "--dataset", "fashion_mnist", "--mean",
                                      "0.286", "--std", "0.353", "--top1", "94.13"});
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("its outputs are those of torch"));
  line_.Write("sweep.yaml",
              "name: both\nprofile: smoke\nfixed: {method: zeroq, bits: w4a4, protocol: "
              "{act_placement: op_input}, evaluate: {limit: 0}}\n"
              "grid: {model: [mine, fashion_mnist-resnet20]}\n");
  const Finished run = line_.Do({"run", line_ / "sweep.yaml"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json trials = line_.Query("SELECT model, top1 FROM v_trial ORDER BY model");
  ASSERT_EQ(trials.size(), 2u);
  EXPECT_EQ(trials[1].at("model"), "mine");
  EXPECT_EQ(trials[1].at("top1"), trials[0].at("top1"));
  const Json teachers = line_.Query("SELECT DISTINCT value FROM v_metric WHERE name = 'fp32_top1'");
  ASSERT_EQ(teachers.size(), 1u) << teachers.dump();
}

}  // namespace
}  // namespace zerosweep
