#include "contract/stage_messages.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(StageMessagesTest, EveryMessageComesBackAsSent) {
  const StageDone done{"a1", "digest", {{"top1", 93.5}}, 1.5, {{"cpu", "x"}}};
  const auto back = std::get<StageDone>(StageMessageFromJson(ToJson(StageMessage(done))));
  EXPECT_EQ(back.metrics, done.metrics);
  EXPECT_EQ(back.artifact, "digest");
  const StageFailed failed{"a1", ErrorKind::kTrial, Failure::kOutOfMemory, "out of memory"};
  EXPECT_EQ(std::get<StageFailed>(StageMessageFromJson(ToJson(StageMessage(failed)))).failure,
            Failure::kOutOfMemory);

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
  EXPECT_EQ(again.ranks, 1);
  run.rank = 1;
  run.ranks = 4;
  run.interface = "ib0";
  const StageRun member = StageRunFromJson(ToJson(run));
  EXPECT_EQ(member.rank, 1);
  EXPECT_EQ(member.ranks, 4);
  EXPECT_EQ(member.interface, "ib0");
}

TEST(StageMessagesTest, AStoreSpeaksOfBytes) {
  const StoreRequest request{"a1", 3, StoreOperation::kCompareSet, {"k"}, "\x01\xfe", "old", 9};
  const auto again = std::get<StoreRequest>(StageMessageFromJson(ToJson(StageMessage(request))));
  EXPECT_EQ(again.value, request.value);
  EXPECT_EQ(again.expected, "old");
  EXPECT_EQ(again.number, 9);
  const Json sent = ToJson(StageMessage(request));
  Json foreign = sent;
  foreign["value"] = "0g";
  EXPECT_THROW(StageMessageFromJson(foreign), Error);
  foreign = sent;
  foreign["op"] = "dance";
  EXPECT_THROW(StageMessageFromJson(foreign), Error);
}

TEST(StageMessagesTest, ForeignMessagesAreRefused) {
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
