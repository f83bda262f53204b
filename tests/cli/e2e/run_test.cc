// A sweep from its file to the leaderboard, through the real programs.
#include <set>
#include <sstream>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

// Those of docs/leaderboard.md.
std::set<std::string> DocumentedFields() {
  std::set<std::string> fields;
  std::istringstream page(Contents(SourceFolder() / "docs/leaderboard.md"));
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("| `")) fields.insert(line.substr(3, line.find('`', 3) - 3));
  return fields;
}

void ExpectNumbers(const Json& row, const std::vector<std::string>& fields) {
  for (const std::string& field : fields) {
    EXPECT_TRUE(row.at(field).is_number()) << field << " is " << row.at(field);
  }
}

void ExpectLeaderboardRow(const Json& row) {
  std::set<std::string> fields;
  for (const auto& [field, value] : row.items()) fields.insert(field);
  EXPECT_EQ(fields, DocumentedFields());
  ExpectNumbers(row, {"w_bits", "a_bits", "n", "top1_mean", "top1_std", "top1_ci_low",
                      "top1_ci_high", "top1_best", "agreement", "fp32_top1", "drop", "images",
                      "size_bytes", "bitops", "seconds_mean"});
  EXPECT_EQ(row.at("sweep"), "tiny");
  EXPECT_EQ(row.at("dataset"), "cifar10");
  EXPECT_EQ(row.at("n"), 3);
  EXPECT_EQ(row.at("image_sets"), 3);
  EXPECT_EQ(row.at("seeds"), Json({0, 1, 2}));
  EXPECT_EQ(row.at("protocol"), "zeroq");
  EXPECT_EQ(row.at("images"), 8);
  EXPECT_TRUE(row.at("published").is_null());
  EXPECT_NEAR(row.at("drop").get<double>(),
              row.at("fp32_top1").get<double>() - row.at("top1_mean").get<double>(), 1e-9);
}

std::map<std::string, int> AttemptsByKind(const CommandLine& line) {
  std::map<std::string, int> attempts;
  for (const Json& row : line.Query("SELECT kind, count(*) AS n FROM v_attempt GROUP BY kind")) {
    attempts[row.at("kind")] = row.at("n");
  }
  return attempts;
}

// What two runs of one sweep must agree on: every trial's name and result.
std::map<std::string, double> Results(const CommandLine& line) {
  std::map<std::string, double> results;
  for (const Json& row : line.Query("SELECT trial, top1 FROM v_trial WHERE state = 'done'")) {
    results[row.at("trial")] = row.at("top1");
  }
  return results;
}

std::set<std::string> StageNames(const CommandLine& line) {
  std::set<std::string> names;
  for (const Json& row : line.Query("SELECT stage FROM v_stage")) names.insert(row.at("stage"));
  return names;
}

TEST(RunTest, ASweepIsComputedOnceAndReadBack) {
  const CommandLine line;
  const std::string sweep = line.WriteSmokeSweep("w8a8", "0, 1, 2");
  const Finished first = line.Do({"run", sweep, "-n", "2"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, "") << "results alone go to stdout";
  EXPECT_NE(first.err.find("6 of 6 trials done"), std::string::npos) << first.err;

  const Finished again = line.Do({"run", sweep});
  EXPECT_EQ(again.code, 3);
  EXPECT_NE(again.err.find("nothing to do, all 6 trials are done"), std::string::npos) << again.err;
  EXPECT_EQ(line.Do({"run", sweep, "--exit-zero"}).code, 0);

  const Json rows = line.Do({"leaderboard", "tiny", "--format", "json"}).json();
  ASSERT_EQ(rows.size(), 2U);
  for (const Json& row : rows) ExpectLeaderboardRow(row);

  // Bit-widths and methods added later use the images that are there.
  const std::map<std::string, int> before = AttemptsByKind(line);
  EXPECT_EQ(before, (std::map<std::string, int>{
                        {"teacher", 1}, {"synthesize", 6}, {"quantize", 6}, {"evaluate", 6}}));
  line.WriteSmokeSweep("w8a8, w4a4", "0, 1, 2");
  const Finished more = line.Do({"run", sweep, "-n", "2"});
  EXPECT_EQ(more.code, 0) << more.err;
  EXPECT_EQ(AttemptsByKind(line),
            (std::map<std::string, int>{
                {"teacher", 1}, {"synthesize", 6}, {"quantize", 12}, {"evaluate", 12}}));
}

TEST(RunTest, TheViewsHoldEveryTrialAndStage) {
  const CommandLine line;
  const std::string sweep = line.WriteSmokeSweep("w8a8, w4a4");
  ASSERT_EQ(line.Do({"run", sweep, "-n", "2"}).code, 0);
  const Json trials = line.Query(
      "SELECT trial, sweep, dataset, model, method, synthesizer, quantizer, w_bits, a_bits, seed, "
      "state, top1, fp32_top1, loss, seconds, attempts, protocol, error FROM v_trial");
  ASSERT_EQ(trials.size(), 8U);
  for (const Json& trial : trials) {
    ExpectNumbers(trial, {"w_bits", "a_bits", "seed", "top1", "fp32_top1", "loss", "seconds"});
    EXPECT_EQ(trial.at("state"), "done");
    EXPECT_EQ(trial.at("attempts"), 4);
    EXPECT_EQ(trial.at("quantizer"), "minmax");
    EXPECT_TRUE(trial.at("error").is_null());
  }
  const Json stages = line.Query("SELECT kind, state, artifact, attempts, threads FROM v_stage");
  ASSERT_EQ(stages.size(), 21U);
  for (const Json& stage : stages) {
    EXPECT_EQ(stage.at("state"), "done");
    EXPECT_EQ(stage.at("artifact").get<std::string>().size(), 64U);
    EXPECT_EQ(stage.at("attempts"), 1);
  }
  for (const char* view : {"v_attempt", "v_metric", "v_artifact", "v_published"}) {
    EXPECT_TRUE(line.Query(std::string("SELECT * FROM ") + view).is_array());
  }
  const Finished write = line.Do({"query", "DELETE FROM v_trial"});
  EXPECT_NE(write.code, 0) << "queries only read";
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_trial"), 8);
}

// With eight images a calibration batch of 128 is one of 256: other stages, the same bytes.
TEST(RunTest, TwoStagesMayMakeTheSameArtifact) {
  const CommandLine line;
  line.Write("sweep.yaml", CommandLine::Sweep("grid:\n"
                                              "  synthesizer: [noise]\n"
                                              "  quantizer: [minmax, {minmax: {batch: 128}}]\n"
                                              "  bits: [w8a8]\n"));
  const Finished run = line.Do({"run", line / "sweep.yaml", "-n", "2"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_stage WHERE kind = 'quantize' AND state = 'done'"),
            2);
  EXPECT_EQ(line.Value("SELECT count(DISTINCT artifact) FROM v_stage WHERE kind = 'quantize'"), 1);
  EXPECT_EQ(line.Value("SELECT count(DISTINCT top1) FROM v_trial WHERE state = 'done'"), 1);
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt"), 1 + 1 + 2 + 2) << "none was repeated";
  EXPECT_EQ(line.Do({"fsck"}).code, 0);
}

TEST(RunTest, TwoHomesGiveTheSameNamesAndResultsWhateverTheRanks) {
  CommandLine line;
  const std::string sweep = line.WriteSmokeSweep("w4a4");
  ASSERT_EQ(line.Do({"run", sweep, "-n", "2"}).code, 0);
  const auto results = Results(line);
  const auto names = StageNames(line);
  EXPECT_EQ(results.size(), 4U);
  line.UseHome("other_home");
  const auto running = line.Start({"run", sweep, "--ranks", "2"});
  EXPECT_TRUE(WaitUntil([&] { return RanksOf(line.home()).size() == 2; }, 20));
  const Finished ranks = running->Wait();
  ASSERT_EQ(ranks.code, 0) << ranks.err;
  EXPECT_EQ(Results(line), results);
  EXPECT_EQ(StageNames(line), names);
  EXPECT_EQ(line.Do({"run", sweep, "--ranks", "2"}).code, 3);
  line.ExpectNoOrphans();
}

}  // namespace
}  // namespace zerosweep
