// Mixed precision and bits by layer through the real programs.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

// The ops of a ResNet-20, two bits for the last stage and six for the rest.
std::string LayersFile() {
  Json bits = {{"conv1", 6}, {"linear", 6}};
  for (int layer = 1; layer <= 3; ++layer) {
    for (int block = 0; block < 3; ++block) {
      for (const char* conv : {"conv1", "conv2"})
        bits[fmt::format("layer{}.{}.{}", layer, block, conv)] = layer == 3 ? 2 : 6;
    }
  }
  return bits.dump();
}

TEST(MixedPrecisionTest, OneSensitivityServesEveryBudgetAndIsShown) {
  const CommandLine line;
  line.Write("layers.json", LayersFile());
  line.Write("sweep.yaml",
             CommandLine::Sweep("grid:\n  method: [zeroq_mp]\n"
                                "  bits: [w4a8, {w: mp4, a: 8, choices: [2, 4, 6, 8]}, "
                                "{w: mp6, a: 6}, {w: layers.json, a: 8}]\n"));
  const std::string sweep = line / "sweep.yaml";
  const Json plan = line.Do({"plan", sweep, "--format", "json"}).json().at(0);
  EXPECT_EQ(plan.at("stages"), 1 + 1 + 1 + 4 + 4);
  EXPECT_THAT(line.Do({"plan", sweep}).out, HasSubstr("sensitivity"));
  const Finished run = line.Do({"run", sweep, "-n", "2"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE kind = 'sensitivity'"), 1);

  // Two thirds of this network's weights lie in its last stage; no cell exceeds its budget.
  const auto size = [&](const std::string& bits) {
    return line
        .Value(
            "SELECT m.value FROM v_trial t JOIN v_trial_stage s USING (trial) JOIN v_metric m "
            "ON m.stage = s.stage AND m.name = 'size_bytes' WHERE t.bits = '" +
            bits + "'")
        .get<double>();
  };
  EXPECT_LE(size("wmp4a8"), size("w4a8"));
  EXPECT_GT(size("wmp4a8"), 0.9 * size("w4a8"));
  EXPECT_LE(size("wmp6a6"), 1.5 * size("w4a8"));
  EXPECT_LT(size("w@layersa8"), size("w4a8"));

  const Json rows = line.Do({"leaderboard", "tiny", "--format", "json"}).json();
  std::vector<std::string> order;
  for (const Json& row : rows) order.push_back(row.at("bits"));
  EXPECT_THAT(order, testing::ElementsAre("wmp6a6", "w@layersa8", "w4a8", "wmp4a8"));
  EXPECT_THAT(line.Do({"leaderboard"}).out, HasSubstr("WMP4A8"));
  EXPECT_EQ(line.Do({"leaderboard", "--where", "bits=WMP4A8", "--format", "json"}).json().size(),
            1U);

  const std::string trial = line.Value("SELECT trial FROM v_trial WHERE bits = 'wmp4a8'");
  const std::string explained = line.Do({"explain", trial}).out;
  EXPECT_THAT(explained, HasSubstr("wmp4a8"));
  EXPECT_THAT(explained, HasSubstr("weight bits: conv1 "));
  EXPECT_THAT(explained, HasSubstr("predicted KL"));
  ASSERT_EQ(line.Do({"report", "tiny", "-o", line / "r.html"}).code, 0);
  const std::string page = Contents(line / "r.html");
  EXPECT_THAT(page, HasSubstr("Size of the weights against Ω: zeroq_mp WMP4A8"));
  EXPECT_THAT(page, HasSubstr("<td>layer3.2.conv2</td>"));
  EXPECT_EQ(line.Do({"run", sweep}).code, 3);
  EXPECT_EQ(line.Do({"fsck"}).code, 0);
}

TEST(MixedPrecisionTest, LayersThatTheNetworkLacksAreOneErrorWithTheNearestNames) {
  const CommandLine line;
  Json bits = Json::parse(LayersFile());
  bits.erase("linear");
  bits["liner"] = 4;
  line.Write("layers.json", bits.dump());
  line.Write("sweep.yaml", CommandLine::Sweep("grid:\n  method: [noise]\n"
                                              "  bits: [{w: layers.json, a: 8}]\n"));
  const Finished run = line.Do({"run", line / "sweep.yaml"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(
      line.Value("SELECT error FROM v_trial").get<std::string>(),
      HasSubstr("it has no 'liner' (did you mean 'linear'?); no bits are given for linear"));
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE kind = 'quantize'"), 1);
}

}  // namespace
}  // namespace zerosweep
