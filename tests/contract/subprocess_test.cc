#include "contract/subprocess.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "contract/frames.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

class SubprocessTest : public testing::Test {
 protected:
  ChildOptions Shell(const std::string& script) {
    return {{"/bin/sh", "-c", script}, {{"PATH", "/usr/bin:/bin"}}, temp_ / "log", 0};
  }
  static std::string WaitForEnd(ChildProcess& child) {
    for (int i = 0; i < 1000; ++i) {
      if (const auto end = child.Ended()) return *end;
      SystemClock().Sleep(0.005);
    }
    return "still running";
  }
  TempFolder temp_;
};

TEST_F(SubprocessTest, EveryEndIsToldApart) {
  ChildProcess exits(Shell("exit 3"));
  EXPECT_EQ(WaitForEnd(exits), "exit 3");
  ChildProcess dies(Shell("kill -SEGV $$"));
  EXPECT_EQ(WaitForEnd(dies), "signal 11 (Segmentation fault)");
  EXPECT_THROW(ChildProcess({{"/no/such/program"}, {}, temp_ / "log", 0}), Error);
}

TEST_F(SubprocessTest, FramesAreOnDescriptors3And4AndOutputIsInTheLog) {
  ChildProcess child(Shell("echo to the log; cat <&3 >&4"));
  signal(SIGPIPE, SIG_IGN);
  ASSERT_TRUE(WriteFrame(child.write_fd(), {{"hello", 1}}));
  FrameBuffer buffer;
  EXPECT_EQ(ReadFrame(child.read_fd(), buffer)->at("hello"), 1);
  child.CloseWrite();
  EXPECT_EQ(WaitForEnd(child), "exit 0");
  EXPECT_EQ(TailOfFile(temp_ / "log", 5), "to the log");
}

TEST_F(SubprocessTest, KillEndsTheWholeGroup) {
  ChildProcess child(Shell("sleep 60 & echo $!; wait"));
  std::string text;
  for (int i = 0; i < 1000 && text.empty(); ++i) {
    SystemClock().Sleep(0.005);
    text = TailOfFile(temp_ / "log", 1);
  }
  const pid_t grandchild = std::stoi(text);
  child.Kill();
  const auto is_gone = [&] {  // or a zombie that init has not collected yet
    return kill(grandchild, 0) != 0 ||
           ReadFile("/proc/" + text + "/stat").find(") Z") != std::string::npos;
  };
  for (int i = 0; i < 1000 && !is_gone(); ++i) SystemClock().Sleep(0.005);
  EXPECT_TRUE(is_gone());
}

TEST_F(SubprocessTest, TheEnvironmentIsAnAllowList) {
  setenv("OMPI_COMM_WORLD_RANK", "1", 1);
  setenv("SOME_TOKEN", "canary", 1);
  setenv("NCCL_DEBUG", "WARN", 1);
  const auto environment = ChildEnvironment();
  EXPECT_FALSE(environment.contains("OMPI_COMM_WORLD_RANK"));
  EXPECT_FALSE(environment.contains("SOME_TOKEN"));
  EXPECT_EQ(environment.at("NCCL_DEBUG"), "WARN");
  EXPECT_TRUE(environment.contains("PATH"));
}

TEST_F(SubprocessTest, TheTailIsRedacted) {
  WriteFileDurably(temp_ / "log", "one\ntwo\nAPI_TOKEN=canary three\n");
  EXPECT_EQ(TailOfFile(temp_ / "log", 2), "two\nAPI_TOKEN=[redacted] three");
  EXPECT_EQ(TailOfFile(temp_ / "absent", 2), "");
}

}  // namespace
}  // namespace zerosweep
