// Groups of real stage processes (group_stage_main.cc) over Gloo: what disturbs one rank costs one
// attempt, and the result stays what it is.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/chaos.h"
#include "tests/support/fake_plan.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

std::string Digest() {
  static const std::string digest = [] {
    const TempFolder folder;
    Program program({(ProgramFolder() / "group_stage").string(), "--digest"}, folder / "digest");
    program.Wait();
    return Contents(folder / "digest");
  }();
  return digest;
}

// A sweep of stages of two ranks, in a home of its own.
class GroupSweep {
 public:
  explicit GroupSweep(const Json& stages, double checkpoint_period = 0.05)
      : checkpoint_period_(checkpoint_period) {
    WriteFileDurably(folder_ / "plan.json", stages.dump());
  }
  ~GroupSweep() {
    for (const auto& [rank, pid] : RanksOf(home_.folder)) kill(pid, SIGKILL);
    for (const pid_t stage : StagesOf(home_.folder)) kill(stage, SIGKILL);
  }
  std::vector<std::string> Command(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {(ProgramFolder() / "fake_sweep").string(),
                                      (folder_ / "plan.json").string(),
                                      home_.folder.string(),
                                      "--slots",
                                      "2",
                                      "--checkpoint",
                                      std::to_string(checkpoint_period_),
                                      "--stage",
                                      (ProgramFolder() / "group_stage").string(),
                                      "--digest",
                                      Digest()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  int Run(const std::vector<std::string>& more = {}) const {
    Program program(Command(more), output());
    return program.Wait(100);
  }
  std::map<std::string, std::string> Artifacts() const { return ArtifactsOf(home_); }
  std::string One(const std::string& sql) const {
    const auto rows = ResultsReader(home_).Query(sql).rows;
    return rows.empty() || rows[0][0].is_null() ? "nothing" : rows[0][0].dump();
  }
  // Seconds from the blow to the end of the attempt.
  double NoticedAfter(const std::string& kind) const {
    struct stat mark {};
    stat((home_.folder / ("struck_" + kind)).c_str(), &mark);
    return std::stod(One("SELECT ended FROM attempt WHERE outcome = 'failed'")) -
           static_cast<double>(mark.st_mtim.tv_sec) -
           1e-9 * static_cast<double>(mark.st_mtim.tv_nsec);
  }
  std::string LogOfTheLast() const {
    std::string attempt =
        One("SELECT attempt FROM v_attempt WHERE outcome = 'done' ORDER BY number DESC");
    attempt = attempt.substr(1, attempt.size() - 2);
    return Contents(home_.log(attempt)) + "rank 1: " + Contents(home_.log(attempt, 1));
  }
  const Home& home() const { return home_; }
  fs::path output() const { return folder_ / "output.txt"; }

 private:
  double checkpoint_period_;
  TempFolder folder_;
  Home home_{folder_.path() / "home"};
};

Json Stage(const Json& more = Json::object(), const std::string& kind = "g0") {
  Json params = {{"steps", 60}, {"step_ms", 20}};
  params.update(more);
  return {{"name", kind}, {"params", params}, {"ranks", 2}};
}

// What an undisturbed run makes of the same stages.
std::map<std::string, std::string> Undisturbed(const Json& stages) {
  const GroupSweep sweep(stages);
  fs::create_directories(sweep.home().folder);
  for (const char* kind : {"g0", "g1", "g2"})
    std::ofstream(sweep.home().folder / (std::string("struck_") + kind));  // as if it had struck
  EXPECT_EQ(sweep.Run(), kExitOk) << Contents(sweep.output());
  return sweep.Artifacts();
}

class GroupStageTest : public testing::TestWithParam<int> {};

TEST(GroupStageTest, TwoRanksFinishBesideSingleStages) {
  Json single = Stage({{"seed", 0.5}}, "g1");
  single.erase("ranks");
  const Json stages = {Stage(), single, Stage({{"seed", 0.2}}, "g2")};
  const GroupSweep sweep(stages);
  EXPECT_EQ(sweep.Run(), kExitOk) << Contents(sweep.output());
  EXPECT_EQ(sweep.One("SELECT value FROM v_metric WHERE name = 'ranks' AND kind = 'g0'"), "2.0");
  EXPECT_EQ(sweep.One("SELECT value FROM v_metric WHERE name = 'ranks' AND kind = 'g1'"), "1.0");
  EXPECT_EQ(sweep.Artifacts(), Undisturbed(stages));
  EXPECT_TRUE(fs::is_empty(sweep.home().artifacts() / ".staging"));
  ExpectNoOrphans(sweep.home().folder);
}

// Rank 0 and rank 1.
TEST_P(GroupStageTest, AKilledRankCostsOneAttemptAndNoBit) {
  const Json stages = {Stage({{"fault", "kill"}, {"at", 30}, {"rank", GetParam()}})};
  const GroupSweep sweep(stages);
  EXPECT_EQ(sweep.Run(), kExitOk) << Contents(sweep.output());
  EXPECT_EQ(sweep.One("SELECT count(*) FROM v_attempt WHERE outcome = 'failed'"), "1");
  EXPECT_EQ(sweep.One("SELECT failure FROM v_attempt WHERE outcome = 'failed'"), "\"crash\"");
  EXPECT_LT(sweep.NoticedAfter("g0"), 10);
  EXPECT_THAT(sweep.LogOfTheLast(), HasSubstr("resumed from iteration"));
  EXPECT_EQ(sweep.Artifacts(), Undisturbed(stages));
}

TEST_P(GroupStageTest, AHungRankCostsOneAttemptAndNoBit) {
  const Json stages = {Stage({{"fault", "stop"}, {"at", 30}, {"rank", GetParam()}})};
  const GroupSweep sweep(stages);
  EXPECT_EQ(sweep.Run({"--stall", "3"}), kExitOk) << Contents(sweep.output());
  EXPECT_EQ(sweep.One("SELECT count(*) FROM v_attempt WHERE outcome = 'failed'"), "1");
  EXPECT_EQ(sweep.One("SELECT failure FROM v_attempt WHERE outcome = 'failed'"), "\"timeout\"");
  EXPECT_LT(sweep.NoticedAfter("g0"), 3 + 10);
  EXPECT_THAT(sweep.LogOfTheLast(), HasSubstr("resumed from iteration"));
  EXPECT_EQ(sweep.Artifacts(), Undisturbed(stages));
  ExpectNoOrphans(sweep.home().folder);
}

INSTANTIATE_TEST_SUITE_P(Rank, GroupStageTest, testing::Values(0, 1));

TEST(GroupStageTest, AGroupThatIsAskedToLeaveSavesAndGoesOn) {
  const Json stages = {Stage({{"steps", 250}, {"fault", "mark"}, {"at", 20}})};
  const GroupSweep sweep(stages, /*checkpoint_period=*/60);
  {
    Program program(sweep.Command({}), sweep.output());
    ASSERT_TRUE(WaitUntil([&] { return fs::exists(sweep.home().folder / "struck_g0"); }, 60));
    program.Signal(SIGTERM);
    ASSERT_EQ(program.Wait(20), kExitInterrupted) << Contents(sweep.output());
  }
  ExpectNoOrphans(sweep.home().folder);
  EXPECT_EQ(sweep.One("SELECT failure FROM v_attempt"), "\"interrupted\"");
  EXPECT_THAT(sweep.One("SELECT message FROM v_attempt"), HasSubstr("saved at iteration"));
  EXPECT_EQ(sweep.Run(), kExitOk) << Contents(sweep.output());
  const std::string log = sweep.LogOfTheLast();
  EXPECT_THAT(log, HasSubstr("resumed from iteration"));
  EXPECT_THAT(log.substr(log.find("rank 1: ")), HasSubstr("resumed from iteration"));
  EXPECT_EQ(sweep.Artifacts(), Undisturbed(stages));
}

TEST(GroupStageTest, RanksOnTwoWorkersMeet) {
  const Json stages = {Stage({{"fault", "kill"}, {"at", 30}, {"rank", 1}})};
  const GroupSweep sweep(stages);
  EXPECT_EQ(sweep.Run({"--ranks", "2"}), kExitOk) << Contents(sweep.output());
  EXPECT_EQ(sweep.One("SELECT count(*) FROM v_attempt WHERE outcome = 'failed'"), "1");
  EXPECT_EQ(sweep.Artifacts(), Undisturbed(stages));
  ExpectNoOrphans(sweep.home().folder);
}

TEST(GroupStageTest, ALostWorkerTakesTheGroupWithIt) {
  const Json stages = {Stage({{"steps", 200}})};
  const GroupSweep sweep(stages);
  Program program(sweep.Command({"--ranks", "2", "--limit", "4"}), sweep.output());
  ASSERT_TRUE(WaitUntil([&] { return StagesOf(sweep.home().folder).size() == 2; }, 30));
  SystemClock().Sleep(2);
  kill(RanksOf(sweep.home().folder).at(1), SIGKILL);
  // One slot is left: the stage is tried again in the next run.
  EXPECT_EQ(program.Wait(60), kExitInterrupted) << Contents(sweep.output());
  EXPECT_EQ(sweep.One("SELECT group_concat(failure, ' then ') FROM v_attempt"), "\"lost_worker\"");
  EXPECT_EQ(sweep.Run(), kExitOk) << Contents(sweep.output());
  ExpectNoOrphans(sweep.home().folder);
}

}  // namespace
}  // namespace zerosweep
