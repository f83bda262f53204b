#include "cluster/coordinator/live_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "cluster/coordinator/outcome.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

LiveView View(const std::string& run = "one") {
  LiveView view;
  view.sweep = "cifar";
  view.run = run;
  view.written = 1000;
  view.seconds = 7200;
  view.trials = 10;
  view.trials_done = 4;
  view.trials_failed = 1;
  view.stages = 40;
  view.stages_done = 20;
  view.eta_seconds = 90;
  view.running = {{"quantize brecq resnet20 w4a4", 50, 100, "iterations", "loss 0.1", 10, 0, 0,
                   "node-a/slot 0"},
                  {"evaluate resnet20", 0, 0, "", "", 3, 0, 0, "node-b/slot 1"}};
  view.nodes = {{"node-a", 2, 1}, {"node-b", 2, 1}};
  view.problems = {"failed  quantize x: crash"};
  return view;
}

TEST(LiveViewTest, GoesThroughJson) {
  EXPECT_EQ(ToJson(LiveViewFromJson(ToJson(View()), "file")), ToJson(View()));
  LiveView unknown = View();
  unknown.eta_seconds.reset();
  EXPECT_FALSE(LiveViewFromJson(ToJson(unknown), "file").eta_seconds.has_value());
  EXPECT_THROW(LiveViewFromJson({{"sweep", 3}}, "file"), Error);
}

TEST(LiveViewTest, ShowsTheSumThenProblemsThenWhatRuns) {
  EXPECT_EQ(
      RenderLiveView(View(), 1001, 200, 50, false),
      "cifar  running for 2 h 00 min\n"
      "[##########..........] trials 4/10 (1 failed)  stages 20/40  2 running  about 1 min 30 s "
      "left  10 stages an hour\n"
      "failed  quantize x: crash\n"
      "2 of 4 slots busy on 2 nodes: node-a 1/2, node-b 1/2\n"
      "  node-a/slot 0        quantize brecq resnet20 w4a4         [########........] 50/100 "
      "iterations  5/s  10.0 s left  loss 0.1\n"
      "  node-b/slot 1        evaluate resnet20                    [................] 3.0 s\n");
}

TEST(LiveViewTest, FitsTheScreenAndSaysWhatItLeavesOut) {
  const std::string text = RenderLiveView(View(), 1001, 40, 5, false);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  EXPECT_THAT(text, testing::EndsWith("  and 2 more\n"));
  EXPECT_THAT(RenderLiveView(View(), 1100, 200, 50, false), testing::HasSubstr("no news for"));
}

TEST(LiveViewTest, OfTheLatestRunWithoutAnOutcome) {
  const TempFolder folder;
  const Home home{folder.path()};
  EXPECT_FALSE(ReadLiveView(home).has_value());
  for (const char* run : {"old", "new"}) {
    std::filesystem::create_directories(home.run(run));
    WriteFileAtomically(LiveFile(home, run), ToJson(View(run)).dump());
  }
  std::filesystem::last_write_time(
      LiveFile(home, "old"),
      std::filesystem::last_write_time(LiveFile(home, "new")) - std::chrono::hours(1));
  EXPECT_EQ(ReadLiveView(home)->run, "new");
  WriteOutcome(home, "new", {});
  EXPECT_EQ(ReadLiveView(home)->run, "old");
}

}  // namespace
}  // namespace zerosweep
