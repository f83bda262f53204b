#include "base/stage_protocol.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(StageProtocolTest, EveryMessageComesBackAsSent) {
  const StageDone done{"a1", "digest", {{"top1", 93.5}}, 1.5, {{"cpu", "x"}}};
  const auto back = std::get<StageDone>(StageMessageFromJson(ToJson(StageMessage(done))));
  EXPECT_EQ(back.metrics, done.metrics);
  EXPECT_EQ(back.artifact, "digest");
  const StageFailed failed{"a1", ErrorKind::kTrial, "oom", "out of memory"};
  EXPECT_EQ(std::get<StageFailed>(StageMessageFromJson(ToJson(StageMessage(failed)))).failure,
            "oom");

  StageRun run;
  run.attempt = "a1";
  run.stage = {"", "quantize", 2, {{"name", "minmax"}}, {{"teacher", "t"}}};
  run.stage.name = run.stage.ComputeName();
  run.files = {{"data", "/d"}};
  run.checkpoints = "/home/checkpoints/q";
  run.checkpoint_period = 0.25;
  const StageRun again = StageRunFromJson(ToJson(run));
  EXPECT_EQ(again.stage.ComputeName(), run.stage.name);
  EXPECT_EQ(again.files, run.files);
  EXPECT_EQ(again.checkpoints, run.checkpoints);
  EXPECT_EQ(again.checkpoint_period, 0.25);
}

TEST(StageProtocolTest, ForeignMessagesAreRefused) {
  for (const Json& message : {Json{{"type", "dance"}}, Json{{"type", "done"}}, Json::object()}) {
    try {
      StageMessageFromJson(message);
      FAIL() << message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCluster);
    }
  }
}

}  // namespace
}  // namespace zerosweep
