// Mixed precision and bits by layer: what the cells mean, which stages they need and share.
#include "sweeps/values/bits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

// Kind → name of the first trial's stages.
std::map<std::string, std::string> NamesOf(const Plan& plan) {
  std::map<std::string, std::string> names;
  for (const size_t stage : plan.trials.at(0).stages)
    names[plan.stages[stage].design->kind] = plan.stages[stage].name;
  return names;
}

using testing::ElementsAre;

std::vector<std::string> BitsOf(const Plan& plan) {
  std::vector<std::string> bits;
  for (const TrialRow& trial : plan.trials) bits.push_back(trial.configuration->bits);
  return bits;
}

Json StageBitsOf(const Plan& plan, size_t trial) {
  return SpecOf(plan, plan.trials.at(trial), "quantize").params.at("w_bits");
}

TEST(BitsTest, MixedPrecisionNeedsAStageThatEveryBudgetAndQuantizerShares) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(
      CifarSweep("grid:\n  synthesizer: [zeroq]\n  quantizer: [minmax, percentile]\n"
                 "  bits: [w4a8, {w: mp4, a: 8}, {w: mp6, a: 6, choices: [8, 2, 5]}]\n"));
  EXPECT_THAT(BitsOf(plan), ElementsAre("w4a8", "wmp4a8", "wmp6a6", "w4a8", "wmp4a8", "wmp6a6"));
  EXPECT_EQ(CountStages(plan, "synthesize"), 1U);
  EXPECT_EQ(CountStages(plan, "sensitivity"), 1U);
  EXPECT_EQ(CountStages(plan, "quantize"), 6U);
  EXPECT_FALSE(NamesOf(plan).contains("sensitivity"));
  EXPECT_FALSE(SpecOf(plan, plan.trials[0], "quantize").inputs.contains("sensitivity"));
  const StageSpec sensitivity = SpecOf(plan, plan.trials[1], "sensitivity");
  EXPECT_EQ(sensitivity.params, Json::object());
  EXPECT_EQ(sensitivity.revision, 2);
  EXPECT_EQ(sensitivity.inputs,
            (std::map<std::string, std::string>{
                {"teacher", StageOf(plan.trials[1], "teacher", plan.stages).name},
                {"images", StageOf(plan.trials[1], "synthesize", plan.stages).name}}));
  EXPECT_EQ(SpecOf(plan, plan.trials[2], "quantize").inputs.at("sensitivity"), sensitivity.name);
  EXPECT_EQ(StageBitsOf(plan, 1), Json({{"budget", 4}, {"choices", {2, 4, 8}}}));
  EXPECT_EQ(StageBitsOf(plan, 2), Json({{"budget", 6}, {"choices", {2, 5, 8}}}));
  EXPECT_EQ(plan.trials[1].configuration->w_bits, 4);
  EXPECT_EQ(plan.trials[1].configuration->resolved.at("bits"),
            Json({{"w", "mp4"}, {"a", 8}, {"choices", {2, 4, 8}}, {"bucket", 0}}));
  EXPECT_EQ(plan.trials[1].configuration->resolved.at("sensitivity"),
            Json({{"divergence", "forward"}}));
}

TEST(BitsTest, EqualCellsHaveEqualNamesHoweverTheyAreWritten) {
  const SweepFolder folder;
  const auto names = [&](const std::string& bits) {
    return NamesOf(folder.Expand(CifarSweep("  method: zeroq\n  bits: " + bits + "\n")));
  };
  const auto plain = names("wmp4a8");
  EXPECT_EQ(names("{w: mp4, a: 8}"), plain);
  EXPECT_EQ(names("{w: mp4, a: 8, choices: [8, 4, 2], bucket: 1, divergence: forward}"), plain);
  const auto measured = names("{w: mp4, a: 8, divergence: symmetric}");
  EXPECT_NE(measured.at("sensitivity"), plain.at("sensitivity"));
  EXPECT_NE(measured.at("quantize"), plain.at("quantize"));
  const auto bucket = names("{w: mp4, a: 8, bucket: 8192}");
  EXPECT_EQ(bucket.at("sensitivity"), plain.at("sensitivity"));
  EXPECT_NE(bucket.at("quantize"), plain.at("quantize"));
}

TEST(BitsTest, BitsByLayerAreNamedByContent) {
  const SweepFolder folder;
  folder.Write("first8.json", R"({"conv1":8,"layer1":2,"fc":32})");
  folder.Write("more/same.json", "{\n\t\"fc\": 32,\n\t\"layer1\": 2,\n\t\"conv1\": 8\n}\n");
  const auto expand = [&](const std::string& file) {
    return folder.Expand(CifarSweep("  method: zeroq\n  bits: {w: " + file + ", a: 4}\n"));
  };
  const Plan plan = expand("first8.json");
  EXPECT_THAT(BitsOf(plan), ElementsAre("w@first8a4"));
  EXPECT_EQ(plan.trials[0].configuration->w_bits, 14) << "the mean over the layers";
  EXPECT_EQ(StageBitsOf(plan, 0), Json({{"layers", {{"conv1", 8}, {"layer1", 2}, {"fc", 32}}}}));
  EXPECT_FALSE(NamesOf(plan).contains("sensitivity"));
  EXPECT_EQ(NamesOf(expand("more/same.json")), NamesOf(plan));
  folder.Write("first8.json", R"({"conv1": 8, "layer1": 3, "fc": 32})");
  EXPECT_NE(NamesOf(expand("first8.json")), NamesOf(plan));
}

TEST(BitsTest, FilesOfBitsAreRefusedWithTheirLine) {
  const SweepFolder folder;
  const auto error = [&](const std::string& content) {
    folder.Write("layers.json", content);
    return folder.ErrorOf(CifarSweep("  method: zeroq\n  bits: {w: layers.json, a: 4}\n"));
  };
  EXPECT_EQ(error("{\"conv1\": 8,\n \"fc\": 9}"),
            "layers.json:2: the width of 'fc' is 9, must be 2 to 8, or 32 for full precision");
  EXPECT_EQ(error("{\"fc\": 8, \"fc\": 4}"),
            "layers.json:1: key 'fc' is given twice (first at layers.json:1), remove one");
  EXPECT_EQ(error("[8, 4]"),
            "layers.json: must be a JSON object of weighted ops and their bits: {\"conv1\": 8}");
  EXPECT_THAT(error("{\"fc\": "), testing::HasSubstr("layers.json:1: not valid YAML"));
  std::filesystem::remove(folder / "layers.json");
  EXPECT_EQ(folder.ErrorOf(CifarSweep("  method: zeroq\n  bits: {w: layers.json, a: 4}\n")),
            "sweep.yaml:6: file of bits by layer not found: there is no layers.json; name its "
            "folder with --data, ZEROSWEEP_DATA or `data:` in the sweep");
}

TEST(BitsTest, PatternsHoldWhateverTheyLeaveOut) {
  const SweepFolder folder;
  folder.Write("l.json", R"({"conv1": 8})");
  const std::string grid =
      "grid:\n  method: [zeroq]\n  bits: [w4a8, {w: mp4, a: 8}, {w: mp4, a: 8, choices: [3, 5], "
      "divergence: symmetric}, {w: l.json, a: 8}]\nexclude: [{bits: ";
  const auto left = [&](const std::string& pattern) {
    return folder.Expand(CifarSweep(grid + pattern + "}]\n")).trials.size();
  };
  EXPECT_EQ(left("w4a8"), 3U);
  EXPECT_EQ(left("wmp4a8"), 2U);
  EXPECT_EQ(left("{w: mp4, a: 8, choices: [5, 3]}"), 3U);
  EXPECT_EQ(left("{w: mp4, a: 8, choices: [2, 4, 8]}"), 3U);
  EXPECT_EQ(left("{w: mp4, a: 8, divergence: forward}"), 3U);
  EXPECT_EQ(left("{w: l.json, a: 8}"), 3U);
  EXPECT_EQ(left("[wmp6a8, {w: mp4, a: 8, choices: [2, 5]}]"), 4U);
}

}  // namespace
}  // namespace zerosweep
