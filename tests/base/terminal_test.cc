// The one rule for colour and bars, on a terminal of its own.
#include "base/terminal.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>

namespace zerosweep {
namespace {

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() {
    const winsize size{7, 33, 0, 0};
    EXPECT_EQ(openpty(&master_, &terminal_, nullptr, nullptr, &size), 0);
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
  }
  ~TerminalTest() override {
    close(master_);
    close(terminal_);
    unsetenv("NO_COLOR");
  }
  bool Styled(bool color_wanted = true) const { return ScreenOf(terminal_, color_wanted).styled; }

  int master_ = -1, terminal_ = -1;
};

TEST_F(TerminalTest, ATerminalIsStyledAndTellsItsSize) {
  const Screen screen = ScreenOf(terminal_, true);
  EXPECT_TRUE(screen.redraws);
  EXPECT_TRUE(screen.styled);
  EXPECT_EQ(screen.columns, 33);
  EXPECT_EQ(screen.rows, 7);
}

TEST_F(TerminalTest, AnEmptyNoColorIsNone) {
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(Styled());
  setenv("NO_COLOR", "0", 1);
  EXPECT_FALSE(Styled()) << "any value counts";
  EXPECT_TRUE(ScreenOf(terminal_, true).redraws);
}

TEST_F(TerminalTest, AFlagOrADumbTerminalLeaveTextPlain) {
  EXPECT_FALSE(Styled(/*color_wanted=*/false));
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(Styled());
  EXPECT_FALSE(ScreenOf(terminal_, true).redraws);
  EXPECT_EQ(ScreenOf(terminal_, true).columns, 33);
}

TEST_F(TerminalTest, WhatIsNoTerminalIsPlain) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Screen screen = ScreenOf(ends[1], true);
  EXPECT_FALSE(screen.redraws || screen.styled);
  EXPECT_EQ(screen.columns, 0);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace zerosweep
