// What a user gets wrong: each a line that says what to do, the exit code of the contract, and
// nothing left behind.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class BadInputTest : public testing::Test {
 protected:
  // The one line with which `run` refuses the sweep; nothing of it may stay in the home.
  std::string Refusal(const std::string& sweep) const {
    line_.Write("sweep.yaml", sweep);
    return Refused({"run", line_ / "sweep.yaml"});
  }
  std::string Refused(const std::vector<std::string>& words, int code = 2) const {
    const Finished finished = line_.Do(words);
    EXPECT_EQ(finished.code, code) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_TRUE(finished.err.starts_with("zerosweep: ")) << finished.err;
    EXPECT_FALSE(fs::exists(line_.home() / "results.db"));
    EXPECT_FALSE(fs::exists(line_.home() / "lock"));
    return finished.err;
  }
  // Runs a sweep of one trial whose files are wrong in a way that only reading them shows: the
  // trial fails (exit 1) at its first stage, after one attempt, with the message returned.
  std::string TrialError(const std::string& sweep) const {
    line_.Write("sweep.yaml", sweep);
    const Finished finished = line_.Do({"run", line_ / "sweep.yaml"});
    EXPECT_EQ(finished.code, 1) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("0 of 1 trials done, 1 failed"));
    EXPECT_EQ(line_.Value("SELECT count(*) FROM v_attempt"), 1) << "a wrong file stays wrong";
    EXPECT_EQ(line_.Value("SELECT count(*) FROM v_artifact"), 0);
    EXPECT_TRUE(fs::is_empty(line_.home() / "artifacts" / ".staging"));
    const std::string message = line_.Value("SELECT error FROM v_trial");
    EXPECT_EQ(message.find('\n'), std::string::npos);
    return message;
  }
  static std::string Named(const std::string& file) {
    std::string model = CommandLine::kModel;
    return model.replace(model.find("tiny.safetensors"), 16, file);
  }

  CommandLine line_;
};

TEST_F(BadInputTest, WordsThatMakeNoCommand) {
  EXPECT_THAT(Refused({}), HasSubstr("--help"));
  EXPECT_THAT(Refused({"rnu"}), HasSubstr("--help"));
  EXPECT_THAT(Refused({"run"}), HasSubstr("sweep"));
  EXPECT_THAT(Refused({"run", "x.yaml", "--slotz", "2"}), HasSubstr("--slotz"));
  EXPECT_THAT(Refused({"run", "x.yaml", "-n", "0"}), HasSubstr("slots"));
  EXPECT_THAT(Refused({"--format", "xml", "methods"}), HasSubstr("xml"));
  EXPECT_THAT(Refused({"recipes", "zerok"}), HasSubstr("did you mean 'zeroq'"));
}

TEST_F(BadInputTest, ASweepThatIsNotThere) {
  EXPECT_THAT(Refused({"run", line_ / "missing.yaml"}),
              AllOf(HasSubstr("missing.yaml"), HasSubstr("no such sweep file")));
  EXPECT_FALSE(fs::exists(line_.home()));
}

TEST_F(BadInputTest, WrongKeysAreNamedWithLineAndSuggestion) {
  EXPECT_THAT(Refusal(CommandLine::Sweep("gird:\n  method: [noise]\n  bits: [w8a8]\n")),
              AllOf(HasSubstr("sweep.yaml:5"), HasSubstr("unknown key 'gird'"),
                    HasSubstr("did you mean 'grid'")));
  EXPECT_THAT(Refusal(CommandLine::Sweep("grid:\n  method: [{recipe: zeroq, synthesize: "
                                         "{itertions: 3}}]\n  bits: [w8a8]\n")),
              AllOf(HasSubstr("sweep.yaml:6"), HasSubstr("did you mean 'iterations'")));
  EXPECT_THAT(Refusal(CommandLine::Sweep("grid:\n  method: [zerok]\n  bits: [w8a8]\n")),
              AllOf(HasSubstr("sweep.yaml:6"), HasSubstr("did you mean 'zeroq'")));
  EXPECT_THAT(Refusal(CommandLine::Sweep("grid:\n  method: [noise]\n  bits: [w1a8]\n")),
              HasSubstr("sweep.yaml:7"));
  EXPECT_THAT(Refusal(CommandLine::Sweep("grid: [unclosed\n")), HasSubstr("sweep.yaml:"));
  line_.Write("sweep.yaml", CommandLine::NoiseSweep());
  EXPECT_THAT(Refused({"run", line_ / "sweep.yaml", "--set", "profile"}), HasSubstr("--set"));
  EXPECT_FALSE(fs::exists(line_.home()));
}

TEST_F(BadInputTest, DataThatAreNotThere) {
  std::string sweep = CommandLine::NoiseSweep();
  sweep.replace(sweep.find("data: data"), 10, "data: nowhere");
  EXPECT_THAT(Refusal(sweep),
              AllOf(HasSubstr("sweep.yaml:"), HasSubstr((line_ / "nowhere").string()),
                    HasSubstr("$ZEROSWEEP_DATA")));
  fs::remove(line_ / "data/test_batch.bin");
  EXPECT_THAT(Refusal(CommandLine::NoiseSweep()),
              AllOf(HasSubstr("dataset cifar10"), HasSubstr("test_batch.bin"),
                    HasSubstr((line_ / "data").string()), HasSubstr("$ZEROSWEEP_DATA")))
      << "a folder without the test images";
}

TEST_F(BadInputTest, ModelsThatAreNotThere) {
  EXPECT_THAT(Refusal(CommandLine::NoiseSweep(Named("lost.safetensors"))),
              AllOf(HasSubstr("sweep.yaml:4"), HasSubstr("lost.safetensors")));
  EXPECT_THAT(Refusal(CommandLine::NoiseSweep("no_such_model")), HasSubstr("'no_such_model'"));
  EXPECT_THAT(Refusal(CommandLine::NoiseSweep(
                  "{file: tiny.safetensors, arch: resnet20_cifar_a, dataset: cifar10}")),
              AllOf(HasSubstr("no card"), HasSubstr("normalisation")));
  std::string twin = CommandLine::kModel;
  EXPECT_THAT(Refusal(CommandLine::NoiseSweep(twin.replace(twin.find("resnet20"), 8, "resnet21"))),
              HasSubstr("resnet20_cifar_a"));
}

// tests/cli/method_limits_test.cc has every limit; these are all the ways to ask.
TEST_F(BadInputTest, MethodsThatCannotDoWhatIsAsked) {
  const std::string refusal =
      "qimera on resnet20_cifar_a: latents is 100, but embedding: classifier takes rows of the "
      "classifier, which have 64 numbers: leave latents out, or set embedding: random\n";
  line_.Write("sweep.yaml", CommandLine::Sweep("grid:\n  bits: [w4a4]\n  method:\n    - noise\n    "
                                               "- {recipe: qimera, quantize: {latents: "
                                               "100, embedding: classifier}}\n"));
  for (const char* command : {"plan", "run", "submit"}) {
    const std::string said = Refused({command, line_ / "sweep.yaml"});
    EXPECT_THAT(said, AllOf(HasSubstr("sweep.yaml:9: "), testing::EndsWith(refusal))) << command;
  }
  EXPECT_THAT(
      Refused({"quantize", line_ / "tiny.safetensors", "--arch", "resnet20_cifar_a", "--dataset",
               "cifar10", "--set", "model.normalisation={mean: [0.5, 0.5, 0.5], std: [1, 1, 1]}",
               "--set", "quantize.latents=100", "--set", "quantize.embedding=classifier",
               "--method", "qimera", "--bits", "w4a4", "--data", line_ / "data"}),
      testing::EndsWith(refusal));
  EXPECT_FALSE(fs::exists(line_.home())) << "refused before any work";
}

TEST_F(BadInputTest, TruncatedWeights) {
  const std::string bytes = TinyWeights().Bytes();
  line_.Write("cut.safetensors", bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(TrialError(CommandLine::NoiseSweep(Named("cut.safetensors"))),
              AllOf(HasSubstr("cut.safetensors"), HasSubstr("truncated")));
}

TEST_F(BadInputTest, NotesInsteadOfWeights) {
  line_.Write("notes.txt", "The weights are in the other folder.\n");
  EXPECT_THAT(TrialError(CommandLine::NoiseSweep(Named("notes.txt"))),
              AllOf(HasSubstr("notes.txt"), HasSubstr("begins with 'The weights are in the"),
                    HasSubstr(".safetensors"), HasSubstr(".pth.tar")));
}

TEST_F(BadInputTest, WeightsOfAnotherNetwork) {
  line_.Write("wide.safetensors", TinyWeights(/*classes=*/12).Bytes());
  EXPECT_THAT(
      TrialError(CommandLine::NoiseSweep(Named("wide.safetensors"))),
      AllOf(HasSubstr("wide.safetensors"), HasSubstr("linear."), HasSubstr("12"), HasSubstr("10")));
}

TEST_F(BadInputTest, TruncatedData) {
  fs::resize_file(line_ / "data/test_batch.bin", 3073 * 50 + 100);
  EXPECT_THAT(TrialError(CommandLine::NoiseSweep()),
              AllOf(HasSubstr("test_batch.bin"), HasSubstr("truncated")));
}

TEST_F(BadInputTest, ReadingAHomeThatIsNotThere) {
  for (const char* command : {"status", "leaderboard"}) {
    const Finished finished = line_.Do({command});
    EXPECT_NE(finished.code, 0) << command;
    EXPECT_THAT(finished.err, HasSubstr(line_.home().string())) << command;
  }
  EXPECT_FALSE(fs::exists(line_.home())) << "reading makes nothing";
}

}  // namespace
}  // namespace zerosweep
