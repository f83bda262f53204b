#include "storage/home/home_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "tests/support/error_message.h"
#include "tests/support/fake_clock.h"
#include "tests/support/forged_lock.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

TEST(HomeLockTest, IsHeldUntilDestroyed) {
  const TempFolder folder;
  const Home home{folder.path()};
  const FakeClock clock;
  {
    const HomeLock lock(home, clock);
    EXPECT_TRUE(HomeLock::IsHeld(home));
    EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { HomeLock second(home, clock); }),
                HasSubstr("is in use by pid " + std::to_string(getpid())));
  }
  EXPECT_FALSE(std::filesystem::exists(home.lock()));
  const HomeLock again(home, clock);
  EXPECT_TRUE(HomeLock::IsHeld(home));
}

TEST(HomeLockTest, TakesOverFromAProcessThatIsGone) {
  const TempFolder folder;
  const Home home{folder.path()};
  const pid_t child = fork();
  if (child == 0) {
    new HomeLock(home, SystemClock());
    _exit(0);  // without releasing
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(std::filesystem::exists(home.lock()));
  EXPECT_FALSE(HomeLock::IsHeld(home));
  const HomeLock lock(home, SystemClock());
  EXPECT_TRUE(HomeLock::IsHeld(home));
}

// A process that holds the lock of a home until it is killed.
class Holder {
 public:
  explicit Holder(const Home& home) : pid_(fork()) {
    if (pid_ == 0) {
      new HomeLock(home, SystemClock());
      for (;;) pause();
    }
    while (!std::filesystem::exists(home.lock())) SystemClock().Sleep(0.01);
  }
  ~Holder() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

TEST(HomeLockTest, TheLockInACopyOfAHomeInUseHoldsNothing) {
  const TempFolder folder;
  const Home home{folder / "home"}, copy{folder / "copy"};
  const Holder holder(home);
  std::filesystem::copy(home.folder, copy.folder, std::filesystem::copy_options::recursive);
  EXPECT_FALSE(HomeLock::IsHeld(copy));
  const HomeLock lock(copy, SystemClock());
  EXPECT_TRUE(HomeLock::IsHeld(copy));
  EXPECT_TRUE(HomeLock::IsHeld(home));
}

TEST(HomeLockTest, OneHomeUnderTwoNamesIsOneHome) {
  const TempFolder folder;
  const Home home{folder / "home"}, linked{folder / "linked"}, other{folder / "other"};
  const Holder holder(home);
  std::filesystem::create_directory_symlink(home.folder, linked.folder);
  EXPECT_TRUE(HomeLock::IsHeld(linked));
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { HomeLock second(linked, SystemClock()); }),
              HasSubstr("is in use by"));
  // As a second mount of it would show it.
  other.Create();
  std::filesystem::create_hard_link(home.lock(), other.lock());
  EXPECT_TRUE(HomeLock::IsHeld(other));
}

TEST(HomeLockTest, ACopyWhoseOwnerCannotBeSeenIsNamedAsOne) {
  const TempFolder folder;
  const Home home{folder / "home"}, copy{folder / "copy"};
  const Holder holder(home);
  std::filesystem::copy(home.folder, copy.folder, std::filesystem::copy_options::recursive);
  ForgeLock(copy, {{"host", "elsewhere"}});
  const std::string error =
      ErrorMessage(ErrorKind::kStorage, [&] { HomeLock second(copy, SystemClock()); });
  EXPECT_THAT(error, HasSubstr("its lock was made for " + home.folder.string()));
  EXPECT_THAT(error, HasSubstr("remove " + copy.lock().string()));
}

TEST(HomeLockTest, TellsAReusedPidFromTheOwner) {
  const TempFolder folder;
  const Home home{folder.path()};
  const FakeClock clock;
  const HomeLock first(home, clock);
  ForgeLock(home, {{"start_time", "1"}, {"nonce", "other"}});
  const HomeLock second(home, clock);
  EXPECT_NE(second.nonce(), first.nonce());
}

TEST(HomeLockTest, NeverJudgesAnotherHostWithoutLeave) {
  const TempFolder folder;
  const Home home{folder.path()};
  const FakeClock clock;
  const HomeLock first(home, clock);
  ForgeLock(home, {{"host", "elsewhere"}, {"pid", 1}, {"start_time", "1"}});
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { HomeLock second(home, clock); }),
              HasSubstr("on elsewhere"));
}

TEST(HomeLockTest, BreaksALockWhoseCounterStoodStillForAMinute) {
  const TempFolder folder;
  const Home home{folder.path()};
  FakeClock clock;
  HomeLock first(home, clock);
  const double before = clock.Monotonic();
  const HomeLock second(home, clock, true);
  EXPECT_NE(second.nonce(), first.nonce());
  EXPECT_GE(clock.Monotonic() - before, 60);
  clock.Advance(10);
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { first.Heartbeat(); }),
              HasSubstr("no longer ours"));
}

// A clock on which the owner beats while somebody else sleeps.
class BeatingClock : public FakeClock {
 public:
  void Sleep(double seconds) const override {
    FakeClock::Sleep(seconds);
    if (owner != nullptr) owner->Heartbeat();
  }
  HomeLock* owner = nullptr;
};

TEST(HomeLockTest, DoesNotBreakALockThatBeats) {
  const TempFolder folder;
  const Home home{folder.path()};
  BeatingClock clock;
  HomeLock first(home, clock);
  clock.owner = &first;
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { HomeLock second(home, clock, true); }),
              HasSubstr("is in use"));
  EXPECT_TRUE(HomeLock::IsHeld(home));
}

TEST(HomeLockTest, ARequeuedJobNeedsNoLeave) {
  const TempFolder folder;
  const Home home{folder.path()};
  const FakeClock clock;
  setenv("SLURM_JOB_ID", "4711", 1);
  const HomeLock first(home, clock);
  ForgeLock(home, {{"host", "elsewhere"}});
  const HomeLock second(home, clock);
  unsetenv("SLURM_JOB_ID");
  EXPECT_NE(second.nonce(), first.nonce());
}

TEST(HomeLockTest, BeatRewritesTheCounterInPlace) {
  const TempFolder folder;
  const Home home{folder.path()};
  FakeClock clock;
  HomeLock lock(home, clock);
  const auto counter = [&] {
    return ParseJson(ReadFile(home.lock()), "lock")["counter"].get<int>();
  };
  EXPECT_EQ(counter(), 0);
  clock.Advance(1);
  lock.Heartbeat();
  EXPECT_EQ(counter(), 0);
  clock.Advance(5);
  lock.Heartbeat();
  EXPECT_EQ(counter(), 1);
}

TEST(HomeLockTest, AForkedChildDoesNotReleaseIt) {
  const TempFolder folder;
  const Home home{folder.path()};
  auto lock = std::make_unique<HomeLock>(home, SystemClock());
  const pid_t child = fork();
  if (child == 0) {
    lock.reset();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(HomeLock::IsHeld(home));
}

}  // namespace
}  // namespace zerosweep
