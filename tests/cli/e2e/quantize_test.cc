// One trial without a sweep file, through the real programs.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class QuantizeTest : public testing::Test {
 protected:
  std::vector<std::string> Words(const std::vector<std::string>& more = {},
                                 const std::string& method = "noise") const {
    std::vector<std::string> words = {"quantize",
                                      line_ / "tiny.safetensors",
                                      "--arch",
                                      "resnet20_cifar_a",
                                      "--dataset",
                                      "cifar10",
                                      "--set",
                                      "model.normalisation={mean: [0.5, 0.5, 0.5], std: [0.25, "
                                      "0.25, 0.25]}",
                                      "--method",
                                      method,
                                      "--bits",
                                      "w4a8",
                                      "--profile",
                                      "smoke",
                                      "--data",
                                      line_ / "data"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // The line with which it refuses; nothing may stay in the home.
  std::string Refused(const std::vector<std::string>& words) const {
    const std::string line = line_.Refused(words);
    EXPECT_FALSE(fs::exists(line_.home()));
    return line;
  }
  const CommandLine line_;
};

TEST_F(QuantizeTest, ATrialIsComputedShownAndWritten) {
  const fs::path network = line_ / "network.safetensors", card = line_ / "network.json";
  const Finished first = line_.Do(Words({"-o", network, "--format", "json"}));
  ASSERT_EQ(first.code, 0) << first.err;
  const Json rows = first.json();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(rows[0].at("sweep").get<std::string>(), StartsWith("quantize_tiny_noise_w4a8_"));
  EXPECT_EQ(rows[0].at("method"), "noise");
  EXPECT_EQ(rows[0].at("n"), 1);
  EXPECT_EQ(rows[0].at("images"), 8);
  EXPECT_TRUE(rows[0].at("top1_mean").is_number());
  const std::string trial = line_.Value("SELECT trial FROM v_trial");
  ASSERT_EQ(line_.Do({"export", trial, "-o", line_ / "exported.safetensors"}).code, 0);
  const std::string bytes = Contents(network);
  EXPECT_FALSE(bytes.empty());
  EXPECT_TRUE(bytes == Contents(line_ / "exported.safetensors"));
  EXPECT_EQ(Contents(card), Contents(line_ / "exported.json"));

  // Again: nothing is computed, all is shown and written.
  fs::remove(network);
  fs::remove(card);
  const Finished again = line_.Do(Words({"-o", network}));
  EXPECT_EQ(again.code, 3);
  EXPECT_THAT(again.err, HasSubstr("nothing to do, its trial is done"));
  EXPECT_THAT(again.out, HasSubstr("noise"));
  EXPECT_TRUE(Contents(network) == bytes);
  EXPECT_TRUE(fs::exists(card));
  const Finished without = line_.Do(Words({"--exit-zero"}));
  EXPECT_EQ(without.code, 0);
  EXPECT_THAT(without.err, HasSubstr("zerosweep export " + trial.substr(0, 12)));
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_attempt"), 4);
}

TEST_F(QuantizeTest, ItSharesEverythingWithSweeps) {
  ASSERT_EQ(line_.Do(Words()).code, 0);
  ASSERT_EQ(line_.Do(Words({"--seed", "1"})).code, 0);
  line_.Write("sweep.yaml",
              CommandLine::Sweep("grid: {method: [noise], bits: [w4a8]}\nseeds: [0, 1]\n"));
  const Finished sweep = line_.Do({"run", line_ / "sweep.yaml"});
  EXPECT_EQ(sweep.code, 3) << sweep.err;
  const Json rows = line_.Do({"leaderboard", "--format", "json"}).json();
  ASSERT_EQ(rows.size(), 1U) << "two seeds of one configuration";
  EXPECT_EQ(rows[0].at("n"), 2);
  EXPECT_EQ(line_.Value("SELECT count(DISTINCT sweep) FROM v_trial"), 3)
      << "neither seed took the other's place";
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_attempt WHERE kind = 'teacher'"), 1);
}

TEST_F(QuantizeTest, ATrialThatFailsSaysWhy) {
  const Finished failed = line_.Do(Words(
      {"--set", "synthesize.images=1000", "-o", line_ / "network.safetensors"}, /*method=*/"real"));
  EXPECT_EQ(failed.code, 1) << failed.err;
  EXPECT_THAT(failed.err, AllOf(HasSubstr("1000 images asked for"), HasSubstr("1 failed")));
  EXPECT_EQ(failed.out, "");
  EXPECT_FALSE(fs::exists(line_ / "network.safetensors"));
}

TEST_F(QuantizeTest, WrongWordsAreRefusedBeforeAnythingIsDone) {
  const std::vector<std::string> shipped = {"quantize", "fashion_mnist-resnet20"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), shipped.begin(), shipped.end());
    return Refused(more);
  };
  EXPECT_THAT(with({"--method", "zerok", "--bits", "w4a4"}),
              AllOf(HasSubstr("--method: "), HasSubstr("did you mean 'zeroq'")));
  EXPECT_THAT(with({"--method", "zeroq", "--bits", "w1a8"}), HasSubstr("--bits: "));
  EXPECT_THAT(with({"--method", "zeroq"}), HasSubstr("--bits"));
  EXPECT_THAT(Refused(Words({"-o", line_ / "network.bin"})), HasSubstr(".safetensors"));
  EXPECT_THAT(Refused(Words({"-o", line_ / "no/where.safetensors"})), HasSubstr("no folder"));
  EXPECT_THAT(Refused(Words({"--set", "synthesize.imags=3"})), HasSubstr("did you mean 'images'"));
}

}  // namespace
}  // namespace zerosweep
