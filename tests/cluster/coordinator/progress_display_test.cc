#include "cluster/coordinator/progress_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/text.h"
#include "tests/support/fake_clock.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ProgressDisplayTest, BarsFillWithTheirPart) {
  EXPECT_EQ(Bar(0, 10, 12), "[..........]");
  EXPECT_EQ(Bar(5, 10, 12), "[#####.....]");
  EXPECT_EQ(Bar(99, 10, 12), "[##########]");
  EXPECT_EQ(Bar(5, 0, 12), "[..........]");
}

TEST(ProgressDisplayTest, AStageShowsRateAndTimeLeft) {
  const std::string line = StageLine({"synthesize zeroq", 250, 500, "iterations", "", 5}, 120);
  EXPECT_THAT(line, HasSubstr("250/500 iterations"));
  EXPECT_THAT(line, HasSubstr("50/s"));
  EXPECT_THAT(line, HasSubstr("5.0 s left"));
  EXPECT_LT(StageLine({"synthesize zeroq", 250, 500, "iterations", "", 5}, 40).size(), 40u);
}

// A stage that resumed at 200 of 500, or that counts for the second time, after 90 seconds.
TEST(ProgressDisplayTest, TheRateIsThatOfThePresentCount) {
  const ActiveStage stage = {.done = 250,
                             .total = 500,
                             .unit = "iterations",
                             .seconds = 100,
                             .counted_from = 200,
                             .counted_since = 90};
  EXPECT_THAT(StageLine(stage, 120), HasSubstr("250/500 iterations  5/s  50.0 s left"));
}

TEST(ProgressDisplayTest, TheSummaryNamesFailures) {
  RunSnapshot snapshot;
  snapshot.trials = 9;
  snapshot.trials_done = 3;
  EXPECT_THAT(SummaryLine(snapshot), HasSubstr("trials 3/9"));
  EXPECT_THAT(SummaryLine(snapshot), Not(HasSubstr("failed")));
  snapshot.trials_failed = 1;
  EXPECT_THAT(SummaryLine(snapshot), HasSubstr("(1 failed)"));
}

class DisplayOutput {
 public:
  DisplayOutput() : stream_(std::tmpfile()) {}
  ~DisplayOutput() { std::fclose(stream_); }
  std::FILE* stream() { return stream_; }
  std::string Text() {
    std::rewind(stream_);
    std::string text(1 << 16, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), stream_));
    return text;
  }

 private:
  std::FILE* stream_;
};

TEST(ProgressDisplayTest, OnATerminalBarsAreRedrawnAtMostFiveTimesASecond) {
  FakeClock clock;
  DisplayOutput output;
  {
    ProgressDisplay display({.stream = output.stream(), .terminal = true}, clock);
    RunSnapshot snapshot;
    snapshot.trials = 1;
    snapshot.running.push_back({"synthesize", 1, 2, "iterations", "", 1});
    for (int i = 0; i < 1000; ++i) {
      clock.Advance(0.001);
      display.Update(snapshot);
    }
  }
  const std::string text = output.Text();
  size_t redraws = 0;
  for (size_t at = 0; (at = text.find("\x1b[2A", at)) != std::string::npos; ++at) ++redraws;
  EXPECT_GE(redraws, 4u);
  EXPECT_LE(redraws, 5u);  // each drawing is cleared once, the last by the destructor
}

TEST(ProgressDisplayTest, NoMoreLinesThanTheTerminalHasRows) {
  FakeClock clock;
  DisplayOutput output;
  {
    ProgressDisplay display({.stream = output.stream(), .terminal = true, .rows = 10}, clock);
    RunSnapshot snapshot;
    snapshot.trials = 100;
    snapshot.running.resize(64);
    clock.Advance(1);
    display.Update(snapshot);
  }
  const std::string text = output.Text();
  EXPECT_THAT(text, HasSubstr("  and 57 more\n\x1b[9A"));
}

// A line that wraps is two, and what is drawn again would leave one of them behind.
TEST(ProgressDisplayTest, NothingIsWiderThanANarrowWindow) {
  for (const int columns : {1, 2, 10, 23, 24, 25, 40}) {
    FakeClock clock;
    DisplayOutput output;
    {
      ProgressDisplay display({.stream = output.stream(),
                               .terminal = true,
                               .color = true,
                               .columns = columns,
                               .rows = 6},
                              clock);
      RunSnapshot snapshot;
      snapshot.trials = 100;
      snapshot.trials_failed = 1;
      snapshot.running.resize(64);
      for (ActiveStage& stage : snapshot.running) stage.label = "synthesize zeroq rösnét";
      clock.Advance(1);
      display.Update(snapshot);
    }
    std::string text = output.Text();
    for (const char* code : {"\x1b[31m", "\x1b[0m", "\x1b[5A", "\x1b[4A", "\x1b[J", "\r"})
      for (size_t at = 0; (at = text.find(code)) != std::string::npos;)
        text.erase(at, std::string(code).size());
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << columns;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }),
                std::max(1, columns - 1))
          << line;
      EXPECT_TRUE(IsUtf8(line)) << "cut inside a character";
    }
  }
}

TEST(ProgressDisplayTest, AStreamThatTakesNothingStopsNobody) {
  FakeClock clock;
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  ProgressDisplay display({.stream = full}, clock);
  for (int i = 0; i < 10; ++i) EXPECT_NO_THROW(display.Line(std::string(5000, 'x')));
  EXPECT_NE(std::ferror(full), 0);
  std::fclose(full);
}

TEST(ProgressDisplayTest, ElsewhereThereAreOnlyPlainLines) {
  FakeClock clock;
  DisplayOutput output;
  ProgressDisplay display({.stream = output.stream()}, clock);
  RunSnapshot snapshot;
  snapshot.trials = 2;
  display.Update(snapshot);
  display.Line("done  quantize");
  clock.Advance(11);
  display.Update(snapshot);
  EXPECT_EQ(output.Text(), "done  quantize\ntrials 0/2  stages 0/0  0 running\n");
}

TEST(ProgressDisplayTest, PlainLinesTellHowFarTheStagesAre) {
  FakeClock clock;
  DisplayOutput output;
  ProgressDisplay display({.stream = output.stream()}, clock);
  RunSnapshot snapshot;
  snapshot.trials = 2;
  snapshot.running.push_back({"synthesize zeroq", 250, 500, "iterations", "", 5});
  snapshot.running.resize(10);
  clock.Advance(11);
  display.Update(snapshot);
  const std::string text = output.Text();
  EXPECT_THAT(text, HasSubstr("10 running\n  synthesize zeroq"));
  EXPECT_THAT(text, HasSubstr("250/500 iterations  50/s"));
  EXPECT_THAT(text, HasSubstr("  and 2 more\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(ProgressDisplayTest, QuietShowsProblemsOnly) {
  FakeClock clock;
  DisplayOutput output;
  ProgressDisplay display({.stream = output.stream(), .quiet = true}, clock);
  display.Line("done  quantize");
  display.Line("failed  quantize", /*problem=*/true);
  clock.Advance(11);
  display.Update({});
  EXPECT_EQ(output.Text(), "failed  quantize\n");
}

}  // namespace
}  // namespace zerosweep
