// A sweep in one control process that is killed, in whole or in part, whenever.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/fake_sweep.h"

namespace zerosweep {
namespace {

bool IgnoresTermination(pid_t process) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  for (std::string word; status >> word;) {
    if (word == "SigIgn:" && status >> word)
      return (std::stoull(word, nullptr, 16) >> (SIGTERM - 1) & 1) != 0;
  }
  return false;
}

// Waits for a stage that SIGTERM does not end.
bool WaitForStubbornStage(const FakeSweep& sweep) {
  return WaitUntil(
      [&] {
        const auto stages = StagesOf(sweep.home().folder);
        return !stages.empty() && IgnoresTermination(stages.front());
      },
      10);
}

TEST(ResumeTest, NothingCommittedIsComputedAgainAfterTheCoordinatorIsKilled) {
  const FakeSweep sweep(10, 20);
  const auto command = sweep.Command({"--slots", "2"});
  int interrupted = 0;
  for (const int stages : {5, 14, 22}) {
    Program program(command, sweep.output());
    ASSERT_TRUE(sweep.WaitForDone(stages)) << Contents(sweep.output());
    program.Signal(SIGKILL);
    program.Wait();
    sweep.ExpectNoOrphans(5);
    ++interrupted;
  }
  const std::set<std::string> committed = sweep.Committed();
  EXPECT_FALSE(committed.empty());
  std::map<std::string, int> starts;
  for (const std::string& stage : committed)
    starts[stage] = FakeRuns(sweep.home()).Count(stage, "started");

  Program program(command, sweep.output());
  EXPECT_EQ(program.Wait(), kExitOk);
  sweep.ExpectAllDoneOnce();
  for (const auto& [stage, count] : starts)
    EXPECT_EQ(FakeRuns(sweep.home()).Count(stage, "started"), count);
  // A kill costs at most what was not yet committed: two attempts that ran, two that had just
  // ended.
  const int stages = static_cast<int>(sweep.plan().stages.size());
  EXPECT_LE(FakeRuns(sweep.home()).CountAll("started"), stages + 4 * interrupted);
}

TEST(ResumeTest, ASignalDuringTheStartInterrupts) {
  const FakeSweep sweep(1, 10);
  Program program(sweep.Command({"--before", "0.5"}), sweep.output());
  ASSERT_TRUE(WaitUntil([&] { return Contents(sweep.output()) == "starting\n"; }, 10));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(10), kExitInterrupted) << Contents(sweep.output());
  EXPECT_EQ(FakeRuns(sweep.home()).CountAll("done"), 0);
}

TEST(ResumeTest, NobodyNeedsToReadWhatARunPrints) {
  for (const char* nowhere : {"2>&1 | true", "2>/dev/full"}) {
    const FakeSweep sweep(4, 10);
    std::string words;
    for (const std::string& word : sweep.Command({"--slots", "2"})) words += " '" + word + "'";
    const std::filesystem::path code = sweep.home().folder.parent_path() / "code.txt";
    Program shell(
        {"/bin/sh", "-c", fmt::format("{{{}; echo $? > {}; }} {}", words, code.string(), nowhere)},
        sweep.output());
    shell.Wait();
    EXPECT_EQ(Contents(code), "0\n") << nowhere;
    sweep.ExpectAllDoneOnce();
  }
}

TEST(ResumeTest, KilledStageProcessesCostTheirAttemptOnly) {
  const FakeSweep sweep(8, 40);
  Program program(sweep.Command({"--slots", "2"}), sweep.output());
  for (const int stages : {3, 10}) {
    ASSERT_TRUE(sweep.WaitForDone(stages));
    ASSERT_TRUE(WaitUntil([&] { return !StagesOf(sweep.home().folder).empty(); }, 10));
    kill(StagesOf(sweep.home().folder).front(), SIGKILL);
  }
  EXPECT_EQ(program.Wait(), kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
  sweep.ExpectNoOrphans();
}

TEST(ResumeTest, TerminationEndsCleanlyAndTheSameCommandResumes) {
  const FakeSweep sweep(6, 50);
  for (const int number : {SIGTERM, SIGINT}) {
    Program program(sweep.Command({"--slots", "2"}), sweep.output());
    ASSERT_TRUE(sweep.WaitForDone(number == SIGTERM ? 3 : 8));
    program.Signal(number);
    EXPECT_EQ(program.Wait(10), kExitInterrupted) << Contents(sweep.output());
    sweep.ExpectNoOrphans(5);
    const auto open = ResultsReader(sweep.home())
                          .Query("SELECT count(*) FROM v_attempt WHERE outcome IS NULL")
                          .rows.at(0);
    EXPECT_EQ(open.at(0), 0);
  }
  Program program(sweep.Command({"--slots", "2"}), sweep.output());
  EXPECT_EQ(program.Wait(), kExitOk);
  sweep.ExpectAllDoneOnce();
}

TEST(ResumeTest, AStageThatDoesNotLeaveIsKilledAfterTheGrace) {
  const FakeSweep sweep(1, 60000, {{"ignore_term", true}});
  Program program(sweep.Command({"--grace", "0.5"}), sweep.output());
  ASSERT_TRUE(WaitForStubbornStage(sweep)) << Contents(sweep.output());
  const double start = SystemClock().Monotonic();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(10), kExitInterrupted) << Contents(sweep.output());
  EXPECT_GE(SystemClock().Monotonic() - start, 0.5);
  sweep.ExpectNoOrphans(5);
}

TEST(ResumeTest, ASecondSignalEndsItAtOnce) {
  const FakeSweep sweep(1, 60000, {{"ignore_term", true}});
  Program program(sweep.Command({"--grace", "60"}), sweep.output());
  ASSERT_TRUE(WaitForStubbornStage(sweep)) << Contents(sweep.output());
  program.Signal(SIGINT);
  SystemClock().Sleep(0.1);
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(10), 128 + SIGINT) << Contents(sweep.output());
  sweep.ExpectNoOrphans(5);
}

}  // namespace
}  // namespace zerosweep
