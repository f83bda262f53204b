#include "base/process/run_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const std::map<std::string, std::string> kEnvironment = {{"PATH", "/usr/bin:/bin"}};

ProgramResult Shell(const std::string& script, double seconds = 20) {
  return RunProgram({"sh", "-c", script}, kEnvironment, seconds);
}

TEST(RunProgramTest, KeepsBothStreamsAndTheExitCode) {
  const ProgramResult result = Shell("echo out; echo err >&2; exit 3");
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST(RunProgramTest, ASignalIsACodeOf128AndMore) { EXPECT_EQ(Shell("kill -9 $$").code, 137); }

TEST(RunProgramTest, MoreThanAPipeHoldsOnBothStreamsDoesNotBlock) {
  const ProgramResult result =
      Shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; echo end");
  EXPECT_THAT(result.out, SizeIs(300004));
  EXPECT_THAT(result.err, SizeIs(300000));
}

TEST(RunProgramTest, WhatIsTooMuchIsDropped) {
  const ProgramResult result = Shell("head -c 9000000 /dev/zero");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, SizeIs(4 << 20));
}

TEST(RunProgramTest, WordsAreNoShell) {
  const TempFolder folder;
  const std::string word = "a b'\"$(touch " + (folder / "pwned").string() + ")\n`id`";
  EXPECT_EQ(RunProgram({"printf", "%s", word}, kEnvironment, 20).out, word);
  EXPECT_FALSE(std::filesystem::exists(folder / "pwned"));
}

TEST(RunProgramTest, AtTheLimitTheWholeGroupIsKilled) {
  const TempFolder folder;
  const double start = SystemClock().Monotonic();
  const ProgramResult result =
      Shell("sleep 60 & echo $! > " + (folder / "pid").string() + "; sleep 60", 0.5);
  EXPECT_TRUE(result.timed_out);
  EXPECT_LT(SystemClock().Monotonic() - start, 10);
  const std::string grandchild = Contents(folder / "pid");
  ASSERT_FALSE(grandchild.empty());
  const std::filesystem::path process = "/proc/" + std::to_string(std::stoi(grandchild));
  EXPECT_TRUE(WaitUntil([&] { return IsZombie(process); }, 5));  // or gone
}

TEST(RunProgramTest, OnRequestItIsKilledToo) {
  std::stop_source stop;
  stop.request_stop();
  const double start = SystemClock().Monotonic();
  const ProgramResult result = RunProgram({"sleep", "60"}, kEnvironment, 60, stop.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.code, -1);
  EXPECT_LT(SystemClock().Monotonic() - start, 10);
}

TEST(RunProgramTest, AGrandchildThatKeepsTheStreamsIsNotWaitedFor) {
  const double start = SystemClock().Monotonic();
  EXPECT_EQ(Shell("echo done; sleep 5 &").out, "done\n");
  EXPECT_LT(SystemClock().Monotonic() - start, 4);
}

TEST(RunProgramTest, AProgramThatIsNotThereIsAnError) {
  try {
    RunProgram({"zerosweep-no-such-program"}, kEnvironment, 20);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCluster);
    EXPECT_THAT(error.what(), HasSubstr("cannot start zerosweep-no-such-program: No such file"));
  }
}

TEST(RunProgramTest, TheEnvironmentIsWhatIsGiven) {
  EXPECT_EQ(RunProgram({"env"}, {{"PATH", "/usr/bin:/bin"}, {"A", "b=c"}}, 20).out,
            "A=b=c\nPATH=/usr/bin:/bin\n");
}

}  // namespace
}  // namespace zerosweep
