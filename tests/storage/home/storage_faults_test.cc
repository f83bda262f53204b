// Full, read-only and foreign places. Everything may run as root, for whom permissions do not hold:
// real mounts in a mount namespace of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "storage/home/file_system.h"
#include "storage/upkeep/fsck.h"
#include "storage/upkeep/requests.h"
#include "tests/support/error_message.h"
#include "tests/support/sweep_rows.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

// Why mounts cannot be made here; empty when they can.
std::string NoMounts() {
  static const std::string reason = [] {
    if (unshare(CLONE_NEWNS) != 0) return fmt::format("unshare: {}", std::strerror(errno));
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return fmt::format("mount: {}", std::strerror(errno));
    }
    return std::string();
  }();
  return reason;
}

class StorageFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!NoMounts().empty()) GTEST_SKIP() << "no mounts of our own: " << NoMounts();
    fs::create_directory(folder / "disk");
    ASSERT_EQ(mount("tmpfs", disk().c_str(), "tmpfs", 0, "size=1m"), 0) << std::strerror(errno);
    AddCell(rows, {});
  }
  void TearDown() override { umount2(disk().c_str(), MNT_DETACH); }

  fs::path disk() const { return folder / "disk"; }
  void MakeReadOnly() const {
    ASSERT_EQ(mount(nullptr, disk().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  }

  const TempFolder folder;
  SweepRows rows;
};

TEST_F(StorageFaultsTest, AFullDiskFailsTheBatchAndKeepsWhatWasCommitted) {
  const Home home{disk() / "home"};
  {
    HomeLock lock(home, SystemClock());
    ResultsWriter writer(home, lock);
    writer.AddSweep("demo", "", Json::object(), rows.trials, rows.stages);
    const std::string message = ErrorMessage(ErrorKind::kStorage, [&] {
      for (int i = 0; i < 100'000; ++i) {
        FinishStage(writer, rows.NameOf(rows.trials[0], "teacher"));
      }
    });
    EXPECT_THAT(message, HasSubstr("full"));
    EXPECT_THAT(message, HasSubstr("space"));
  }
  ASSERT_EQ(mount(nullptr, disk().c_str(), nullptr, MS_REMOUNT, "size=8m"), 0);
  for (const Finding& finding : Fsck(home)) EXPECT_NE(finding.what, "database") << finding.problem;
  EXPECT_EQ(ResultsReader(home).Query("SELECT * FROM v_trial").rows.size(), 1u);
  HomeLock lock(home, SystemClock());
  ResultsWriter writer(home, lock);
  EXPECT_FALSE(
      FinishStage(writer, rows.NameOf(rows.trials[0], "teacher")));  // the first one stands
}

TEST_F(StorageFaultsTest, AFullDiskTakesNoNewHome) {
  WriteFileDurably(disk() / "filler", std::string(1 << 19, 'x'));
  EXPECT_THROW(WriteFileDurably(disk() / "more", std::string(1 << 20, 'x')), Error);
  const Home home{disk() / "home"};
  const std::string message = ErrorMessage(ErrorKind::kStorage, [&] {
    HomeLock lock(home, SystemClock());
    ResultsWriter writer(home, lock);
    for (int i = 0; i < 1000; ++i) {
      writer.AddSweep(fmt::format("sweep {}", i), std::string(100'000, '#'), Json::object(),
                      rows.trials, rows.stages);
    }
  });
  EXPECT_THAT(message, HasSubstr("space"));
  EXPECT_FALSE(fs::exists(home.lock()));
}

TEST_F(StorageFaultsTest, AReadOnlyPlaceIsReadAndNotWritten) {
  const Home home{disk() / "home"};
  {
    HomeLock lock(home, SystemClock());
    ResultsWriter writer(home, lock);
    writer.AddSweep("demo", "", Json::object(), rows.trials, rows.stages);
  }
  MakeReadOnly();
  EXPECT_EQ(ResultsReader(home).Query("SELECT * FROM v_trial").rows.size(), 1u);
  EXPECT_TRUE(Fsck(home).empty());
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { HomeLock lock(home, SystemClock()); }),
              HasSubstr("--home"));
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { DropRequest(home, Json::object()); }),
              HasSubstr("choose a writable folder"));
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { Home{disk() / "new"}.Create(); }),
              HasSubstr("choose a writable folder"));
}

TEST_F(StorageFaultsTest, AHalfDatabaseOnReadOnlyMediaIsAnError) {
  const Home home{disk() / "home"};
  home.Create();
  WriteFileDurably(home.database(), "");
  MakeReadOnly();
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage, [&] { ResultsReader reader(home); }),
              HasSubstr("no results yet"));
}

TEST_F(StorageFaultsTest, TellsLocalFromNetworkFileSystems) {
  EXPECT_FALSE(IsNetworkFileSystem(disk()));
  EXPECT_FALSE(IsNetworkFileSystem("/nowhere"));
  EXPECT_TRUE(IsWritableFolder(disk()));
  MakeReadOnly();
  EXPECT_FALSE(IsWritableFolder(disk()));
}

}  // namespace
}  // namespace zerosweep
