// Files that are replaced or written again behind the back of their names, sizes and times.
#include "base/file_state.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

class FileStateTest : public testing::Test {
 protected:
  FileStateTest() { Write("a", "one"); }

  // Always with the same time of writing. Waits until the clock of the file system has gone on.
  void Write(const std::string& name, const std::string& bytes) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::ofstream(temp_ / name, std::ios::binary) << bytes;
    KeepTime(name);
  }
  void KeepTime(const std::string& name) const {
    const timespec old[2] = {{1'500'000'000, 0}, {1'500'000'000, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, (temp_ / name).c_str(), old, 0), 0);
  }
  std::string Key() const { return StateOf(temp_ / "a")->key; }

  const TempFolder temp_;
};

TEST_F(FileStateTest, StaysWhileTheFileStays) {
  const std::string before = Key();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(Key(), before);
  EXPECT_FALSE(StateOf(temp_ / "absent").has_value());
}

TEST_F(FileStateTest, WritingInPlaceWithTheSameSizeAndTimeIsSeen) {
  const std::string before = Key();
  Write("a", "two");  // rsync --inplace -t, cp -p over it
  EXPECT_NE(Key(), before);
}

TEST_F(FileStateTest, AnotherFileOfTheSameSizeAndTimeIsSeen) {
  const std::string before = Key();
  Write("b", "two");
  fs::rename(temp_ / "b", temp_ / "a");  // rsync -t
  EXPECT_NE(Key(), before);
  const std::string second = Key();
  fs::remove(temp_ / "a");  // tar x: unlinks, and may get the old inode again
  Write("a", "tre");
  EXPECT_NE(Key(), second);
}

TEST_F(FileStateTest, TheYoungerOfBothTimesCounts) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const double seconds = std::chrono::duration<double>(now).count();
  const FileState state = *StateOf(temp_ / "a");
  EXPECT_NEAR(static_cast<double>(state.youngest_ns) * 1e-9, seconds, 10);
  EXPECT_FALSE(IsSettled(state.youngest_ns, seconds));
  EXPECT_TRUE(IsSettled(state.youngest_ns, seconds + 12));
  EXPECT_FALSE(IsSettled(state.youngest_ns + 3'600'000'000'000, seconds)) << "a clock set back";
}

}  // namespace
}  // namespace zerosweep
