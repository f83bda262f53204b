// A recorded trial computed again, through the real programs.
#include <gmock/gmock.h>

#include "storage/results/sqlite.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// A trial that is done and one that failed; its own $TMPDIR shows what replays leave there.
class ReplayTest : public testing::Test {
 protected:
  ReplayTest() {
    fs::create_directory(line_ / "tmp");
    line_.SetEnvironment("TMPDIR", line_ / "tmp");
    line_.Write("sweep.yaml", CommandLine::Sweep("grid:\n"
                                                 "  synthesizer: [zeroq, {real: {images: 1000}}]\n"
                                                 "  quantizer: [minmax]\n"
                                                 "  bits: [w8a8]\n"));
    const Finished run = line_.Do({"run", line_ / "sweep.yaml", "-n", "2"});
    EXPECT_EQ(run.code, 1) << run.err;
    done_ = line_.Value("SELECT trial FROM v_trial WHERE state = 'done'");
  }
  ~ReplayTest() override { EXPECT_TRUE(fs::is_empty(line_ / "tmp")) << "nothing stays"; }

  Finished Replay(const std::vector<std::string>& words = {}) const {
    std::vector<std::string> command = {"replay", done_.substr(0, 12)};
    command.insert(command.end(), words.begin(), words.end());
    return line_.Do(command);
  }
  Json ReplayJson(int code, const std::vector<std::string>& words = {}) const {
    std::vector<std::string> command = {"--format", "json"};
    command.insert(command.end(), words.begin(), words.end());
    const Finished replay = Replay(command);
    EXPECT_EQ(replay.code, code) << replay.err;
    return replay.json().at(0);
  }
  void Tamper(const std::string& sql) const {
    Database(line_.home() / "results.db", OpenMode::kWrite).Exec(sql);
  }
  static std::map<std::string, Json> ChangesOf(const Json& replay) {
    std::map<std::string, Json> changes;
    for (const Json& change : replay.at("changes")) changes[change.at("what")] = change;
    return changes;
  }

  CommandLine line_;
  std::string done_;
};

TEST_F(ReplayTest, ADoneTrialComesOutBitIdenticalAndTheHomeStaysAsItIs) {
  const std::string rows =
      "SELECT (SELECT count(*) FROM v_attempt) || ' ' || (SELECT count(*) FROM v_trial) || ' ' || "
      "(SELECT group_concat(artifact || coalesce(stage, '')) FROM v_artifact) AS rows";
  const Json before = line_.Value(rows);
  const Json replay = ReplayJson(0);
  EXPECT_EQ(replay.at("trial"), done_);
  EXPECT_EQ(replay.at("verdict"), "bit-identical");
  EXPECT_EQ(replay.at("changes"), Json::array());
  std::map<std::string, std::string> recorded;
  for (const Json& stage : line_.Query("SELECT kind, artifact FROM v_stage s JOIN v_trial_stage x "
                                       "USING (stage, kind) WHERE x.trial = '" +
                                       done_ + "'"))
    recorded[stage.at("kind")] = stage.at("artifact");
  ASSERT_EQ(replay.at("stages").size(), 4U);
  for (const Json& stage : replay.at("stages")) {
    EXPECT_EQ(stage.at("identical"), true) << stage;
    EXPECT_EQ(stage.at("now"), recorded.at(stage.at("kind")));
    EXPECT_GT(stage.at("seconds").get<double>(), 0) << "it was computed";
  }
  EXPECT_EQ(line_.Value(rows), before);
  EXPECT_EQ(line_.Do({"fsck"}).code, 0);

  const Finished said = Replay();
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out,
              AllOf(HasSubstr("trial " + done_), HasSubstr("bit-identical: all 4 stages")));
  EXPECT_THAT(said.err, AllOf(HasSubstr("done    teacher"), HasSubstr("done    evaluate")));
}

TEST_F(ReplayTest, ARecordThatSaysSomethingElseIsDifferent) {
  Tamper(
      "UPDATE metric SET value = value - 2 WHERE name = 'top1';"
      "UPDATE signature SET facts = json_set(facts, '$.revision', '0000000')");
  const Json replay = ReplayJson(1);
  EXPECT_EQ(replay.at("verdict"), "different");
  const auto changes = ChangesOf(replay);
  ASSERT_EQ(changes.size(), 1U) << replay.at("changes");
  EXPECT_EQ(changes.at("zerosweep").at("recorded"), "0000000");
  const Finished said = Replay();
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, AllOf(HasSubstr("different: top1 differs by 2 "),
                              HasSubstr("the quantized network is bit-identical"),
                              HasSubstr("zerosweep: "), HasSubstr("was 0000000")));
  EXPECT_EQ(ReplayJson(0, {"--tolerance", "2"}).at("verdict"), "equal");
}

TEST_F(ReplayTest, OtherThreadsAreNamed) {
  const Finished finished = Replay({"--threads", "2", "--format", "json"});
  EXPECT_LE(finished.code, 1) << finished.err;
  const auto changes = ChangesOf(finished.json().at(0));
  ASSERT_TRUE(changes.contains("threads")) << finished.out;
  EXPECT_EQ(changes.at("threads").at("recorded"), "1");
  EXPECT_EQ(changes.at("threads").at("now"), "2");
}

TEST_F(ReplayTest, DataThatChangedAreNamedAndDataThatAreGoneRefused) {
  WriteCifarBatch(line_ / "data/test_batch.bin", 120, 99);
  const Finished changed = Replay({"--format", "json"});
  EXPECT_LE(changed.code, 1) << changed.err;
  const std::string test = "test images of cifar10 in " + (line_ / "data").string();
  EXPECT_TRUE(ChangesOf(changed.json().at(0)).contains(test)) << changed.out;

  fs::rename(line_ / "data", line_ / "elsewhere");
  const Finished gone = Replay();
  EXPECT_EQ(gone.code, 4);
  EXPECT_EQ(gone.out, "");
  EXPECT_THAT(gone.err, HasSubstr("test images of dataset cifar10 are not there"));
  WriteCifarBatch(line_ / "elsewhere/test_batch.bin", 120, 1);
  EXPECT_EQ(ReplayJson(0, {"--data", line_ / "elsewhere"}).at("verdict"), "bit-identical")
      << "the same images in another place";
}

TEST_F(ReplayTest, OnlyDoneTrialsCanBeReplayed) {
  EXPECT_EQ(line_.Do({"replay", "ffffffffffff"}).code, 2);
  const std::string other = line_.Value("SELECT trial FROM v_trial WHERE state = 'failed'");
  const Finished failed = line_.Do({"replay", other});
  EXPECT_EQ(failed.code, 2);
  EXPECT_THAT(failed.err, HasSubstr("is failed"));
  EXPECT_EQ(line_.Do({"retry", other}).code, 0);
  const Finished open = line_.Do({"replay", other});
  EXPECT_EQ(open.code, 2);
  EXPECT_THAT(open.err, HasSubstr("is open: only one that is done can be computed again"));
}

TEST_F(ReplayTest, TheHomeOfAReplayMayBeKept) {
  EXPECT_EQ(Replay({"--keep", line_ / "kept"}).code, 0);
  line_.UseHome("kept");
  EXPECT_EQ(line_.Value("SELECT trial FROM v_trial WHERE state = 'done'"), done_);
  line_.UseHome("home");
  const Finished again = Replay({"--keep", line_ / "kept"});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("new or empty folder"));
}

TEST_F(ReplayTest, AnInterruptedReplayLeavesNothing) {
  line_.Write("long.yaml",
              CommandLine::Sweep("grid:\n  method: [{recipe: zeroq, synthesize: {images: 2, batch: "
                                 "2, iterations: 150}}]\n  bits: [w8a8]\n"));
  ASSERT_EQ(line_.Do({"run", line_ / "long.yaml", "--set", "name=long"}).code, 0);
  const auto replay = line_.Start(
      {"replay", line_.Value("SELECT trial FROM v_trial WHERE sweep = 'long'").get<std::string>()});
  ASSERT_TRUE(
      WaitUntil([&] { return replay->Said().find("done    teacher") != std::string::npos; }, 60))
      << replay->Said();
  replay->Signal(SIGINT);
  const Finished finished = replay->Wait();
  EXPECT_EQ(finished.code, 75) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, HasSubstr("interrupted, without a result"));
}

}  // namespace
}  // namespace zerosweep
