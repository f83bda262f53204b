// A coordinator that is stopped (SIGSTOP: a suspended job, a frozen container) and goes on later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/error.h"
#include "tests/support/fake_sweep.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;

// Seconds: a lock that was silent for so long may be broken.
const std::vector<std::string> kLock = {"--lock-beat", "0.2", "--lock-still", "1"};

std::vector<std::string> With(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// The pid in the lock of the home; 0 when nobody holds it.
pid_t Owner(const Home& home) {
  const Json lock = Json::parse(Contents(home.lock()), nullptr, /*allow_exceptions=*/false);
  return lock.is_object() ? lock.at("pid").get<pid_t>() : 0;
}

// All that a coordinator writes: rows and artifacts.
Json WrittenIn(const Home& home) {
  const ResultsReader reader(home);
  Json written = {{"attempts", Json(reader.Query("SELECT * FROM v_attempt ORDER BY attempt").rows)},
                  {"stages", Json(reader.Query("SELECT * FROM v_stage ORDER BY stage").rows)},
                  {"epoch", Json(reader.Query("SELECT value FROM meta WHERE key = 'epoch'").rows)}};
  for (const auto& prefix : fs::directory_iterator(home.artifacts())) {
    if (prefix.path().filename() == ".staging") continue;
    for (const auto& artifact : fs::directory_iterator(prefix))
      written["artifacts"].push_back(artifact.path());
  }
  std::sort(written["artifacts"].begin(), written["artifacts"].end());
  return written;
}

// Not in the middle of a transaction: SQLite's lock stays with a stopped process, and nobody could
// take over before it goes on.
void StopBetweenTransactions(Program& coordinator, const Home& home) {
  for (;;) {
    coordinator.Signal(SIGSTOP);
    SystemClock().Sleep(0.05);
    sqlite3* database = nullptr;
    sqlite3_open(home.database().c_str(), &database);
    const bool free =
        sqlite3_exec(database, "BEGIN IMMEDIATE; ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_close(database);
    if (free) return;
    coordinator.Signal(SIGCONT);
    SystemClock().Sleep(0.01);
  }
}

void ExpectFenced(Program& coordinator, const fs::path& output) {
  EXPECT_EQ(coordinator.Wait(20), kExitInfrastructure) << Contents(output);
  EXPECT_THAT(Contents(output), AnyOf(HasSubstr("fenced"), HasSubstr("no longer ours")));
}

TEST(StoppedCoordinatorTest, ANapHarmsNobody) {
  const FakeSweep sweep(3, 150);
  Program program(With(sweep.Command({"--slots", "2", "--stall", "2"}), kLock), sweep.output());
  ASSERT_TRUE(sweep.WaitForDone(3)) << Contents(sweep.output());
  program.Signal(SIGSTOP);
  SystemClock().Sleep(2.5);  // beyond the lock's limit and the stages'
  program.Signal(SIGCONT);
  EXPECT_EQ(program.Wait(), kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
  EXPECT_EQ(FakeRuns(sweep.home()).CountAll("started"), 9) << "nothing was repeated";
}

TEST(StoppedCoordinatorTest, ANapOfRankZeroHarmsNobody) {
  const FakeSweep sweep(4, 150);
  Program program(sweep.Command({"--slots", "2", "--ranks", "2", "--limit", "20"}), sweep.output());
  ASSERT_TRUE(sweep.WaitForDone(4)) << Contents(sweep.output());
  const pid_t rank = RanksOf(sweep.home().folder).at(0);
  kill(rank, SIGSTOP);
  SystemClock().Sleep(2.5);
  kill(rank, SIGCONT);
  EXPECT_EQ(program.Wait(), kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
  EXPECT_EQ(FakeRuns(sweep.home()).CountAll("started"), 12) << "nothing was repeated";
}

TEST(StoppedCoordinatorTest, WhoseLockWasBrokenItEndsWithoutWriting) {
  const FakeSweep sweep(3, 100);
  const fs::path output = sweep.home().folder.parent_path() / "stopped.txt";
  Program stopped(With(sweep.Command({"--slots", "1"}), kLock), output);
  ASSERT_TRUE(sweep.WaitForDone(2)) << Contents(output);
  StopBetweenTransactions(stopped, sweep.home());
  const auto take_over = With(sweep.Command({"--slots", "2", "--break-lock"}), kLock);
  Program second(take_over, sweep.output());
  EXPECT_EQ(second.Wait(), kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
  const Json written = WrittenIn(sweep.home());

  stopped.Signal(SIGCONT);
  ExpectFenced(stopped, output);
  EXPECT_EQ(WrittenIn(sweep.home()), written);
  EXPECT_EQ(Owner(sweep.home()), 0);
  sweep.ExpectNoOrphans(5);
}

TEST(StoppedCoordinatorTest, ItLeavesTheNewOwnerAlone) {
  const FakeSweep sweep(3, 200);
  const fs::path output = sweep.home().folder.parent_path() / "stopped.txt";
  Program stopped(With(sweep.Command({"--slots", "1"}), kLock), output);
  ASSERT_TRUE(sweep.WaitForDone(1)) << Contents(output);
  StopBetweenTransactions(stopped, sweep.home());
  Program second(With(sweep.Command({"--slots", "1", "--break-lock"}), kLock), sweep.output());
  ASSERT_TRUE(WaitUntil([&] { return Owner(sweep.home()) == second.pid(); }, 20))
      << Contents(sweep.output());
  stopped.Signal(SIGCONT);
  ExpectFenced(stopped, output);
  EXPECT_EQ(second.Wait(), kExitOk) << Contents(sweep.output());
  sweep.ExpectAllDoneOnce();
  sweep.ExpectNoOrphans(5);
}

}  // namespace
}  // namespace zerosweep
