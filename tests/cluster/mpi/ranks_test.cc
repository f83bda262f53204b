// Sweeps over real MPI ranks of this host, and what is left when parts of them are killed.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "cluster/run/launcher.h"
#include "cluster/run/mpirun.h"
#include "mpi_config.h"
#include "tests/support/fake_sweep.h"

namespace zerosweep {
namespace {

void AllowRoot() {
  for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM",
                           "PRTE_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM"})
    setenv(name, "1", 1);
}

bool WaitForRanks(const FakeSweep& sweep, size_t ranks) {
  return WaitUntil([&] { return RanksOf(sweep.home().folder).size() == ranks; }, 20);
}

class RanksTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Sizes, RanksTest, testing::Values(1, 2, 3, 4));

TEST_P(RanksTest, EveryTrialIsDoneOnceAndTheSecondRunHasNothingToDo) {
  const FakeSweep sweep(8, 10);
  const auto command = sweep.Command({"--slots", "4", "--ranks", std::to_string(GetParam())});
  for (const int expected : {kExitOk, kExitNothingToDo}) {
    Program program(command, sweep.output());
    EXPECT_EQ(program.Wait(), expected) << Contents(sweep.output());
    sweep.ExpectAllDoneOnce();
  }
  EXPECT_EQ(FakeRuns(sweep.home()).CountAll("started"), 24);
  sweep.ExpectNoOrphans();
  // One row of slots a rank: with several ranks, all of them worked.
  const auto workers =
      ResultsReader(sweep.home()).Query("SELECT count(DISTINCT worker) FROM v_attempt").rows.at(0);
  EXPECT_GE(workers.at(0).get<int>(), 1);
}

TEST(RanksTest, RanksThatDoNotBeginAreGivenUp) {
  const TempFolder folder;
  AllowRoot();
  LaunchOptions launch;
  launch.command = {"/bin/sleep", "100"};
  launch.ranks = 2;
  launch.home = {folder / "home"};
  launch.run = "run";
  launch.slow_start = 0.5;
  launch.hung_start = 2;
  const double start = SystemClock().Monotonic();
  EXPECT_EQ(LaunchRanks(launch), kExitInfrastructure);
  EXPECT_LT(SystemClock().Monotonic() - start, 20);
  EXPECT_FALSE(std::filesystem::exists(launch.home.run("run")));
}

TEST(RanksTest, AKilledWorkerRankLosesItsAttemptsOnly) {
  const FakeSweep sweep(12, 60);
  Program program(sweep.Command({"--slots", "3", "--ranks", "3", "--limit", "3"}), sweep.output());
  ASSERT_TRUE(WaitForRanks(sweep, 3)) << Contents(sweep.output());
  ASSERT_TRUE(sweep.WaitForDone(6));
  kill(RanksOf(sweep.home().folder).at(2), SIGKILL);
  EXPECT_EQ(program.Wait(), kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
  sweep.ExpectNoOrphans();
  EXPECT_NE(Contents(sweep.output()).find("rank 2 is lost"), std::string::npos);
}

TEST(RanksTest, AKilledCoordinatorLeavesNobodyAndTheNextRunResumes) {
  const FakeSweep sweep(12, 60);
  const auto command = sweep.Command({"--slots", "2", "--ranks", "2", "--limit", "3"});
  {
    Program program(command, sweep.output());
    ASSERT_TRUE(WaitForRanks(sweep, 2)) << Contents(sweep.output());
    ASSERT_TRUE(sweep.WaitForDone(6));
    kill(RanksOf(sweep.home().folder).at(0), SIGKILL);
    EXPECT_EQ(program.Wait(), kExitInfrastructure) << Contents(sweep.output());
    sweep.ExpectNoOrphans();
  }
  Program program(command, sweep.output());
  EXPECT_EQ(program.Wait(), kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
}

TEST(RanksTest, AKilledLauncherLeavesNobody) {
  const FakeSweep sweep(12, 60);
  Program program(sweep.Command({"--slots", "2", "--ranks", "2", "--limit", "3"}), sweep.output());
  ASSERT_TRUE(WaitForRanks(sweep, 2)) << Contents(sweep.output());
  ASSERT_TRUE(sweep.WaitForDone(3));
  program.Signal(SIGKILL);
  program.Wait();
  sweep.ExpectNoOrphans();
}

TEST(RanksTest, TerminationDrainsAllRanks) {
  const FakeSweep sweep(12, 60);
  const auto command = sweep.Command({"--slots", "2", "--ranks", "2"});
  {
    Program program(command, sweep.output());
    ASSERT_TRUE(sweep.WaitForDone(6));
    program.Signal(SIGTERM);
    EXPECT_EQ(program.Wait(), kExitInterrupted) << Contents(sweep.output());
    sweep.ExpectNoOrphans();
  }
  Program program(command, sweep.output());
  EXPECT_EQ(program.Wait(), kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
}

TEST(RanksTest, ASignalBeforeTheRanksListenEndsThemAll) {
  const FakeSweep sweep(2, 10);
  Program program(sweep.Command({"--slots", "2", "--ranks", "2", "--before", "30"}),
                  sweep.output());
  ASSERT_TRUE(WaitForRanks(sweep, 2)) << Contents(sweep.output());
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(20), kExitInterrupted) << Contents(sweep.output());
  sweep.ExpectNoOrphans();
}

TEST(RanksTest, AHomeInUseIsToldOnceAndByTheLauncher) {
  const FakeSweep sweep(2, 10);
  sweep.home().Create();
  const HomeLock other(sweep.home(), SystemClock());
  Program program(sweep.Command({"--slots", "2", "--ranks", "2"}), sweep.output());
  EXPECT_EQ(program.Wait(), kExitInfrastructure);
  const std::string text = Contents(sweep.output());
  EXPECT_NE(text.find("is in use by pid"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(RanksTest, AHomeThatCannotBeMadeIsRefusedBeforeAnyRankStarts) {
  const FakeSweep sweep(2, 10);
  WriteFileDurably(sweep.home().folder, "a file");
  Program program(sweep.Command({"--slots", "2", "--ranks", "2"}), sweep.output());
  EXPECT_EQ(program.Wait(), kExitInfrastructure);
  const std::string text = Contents(sweep.output());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(RanksTest, RunsInsideAnMpirunOfTheUser) {
  AllowRoot();
  const FakeSweep sweep(6, 10);
  std::vector<std::string> command =
      MpirunCommand({.ranks = 2, .ulfm = std::string(kMpiKind) == "wheel"});
  for (const std::string& word : sweep.Command({"--slots", "1"})) command.push_back(word);
  // Open MPI 5's mpirun now and then ends before it has started a rank ("The PMIx server's listener
  // thread failed to start"). The launcher starts it again; here the user does.
  int exit = 0;
  for (int start = 0; start < 3 && !std::filesystem::exists(sweep.home().folder); ++start)
    exit = Program(command, sweep.output()).Wait();
  EXPECT_EQ(exit, kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
  sweep.ExpectNoOrphans();
}

}  // namespace
}  // namespace zerosweep
