#include "cluster/transport/messages.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

// Through text, as between ranks.
ClusterMessage Travel(const Json& json) { return ClusterMessageFromJson(Json::parse(json.dump())); }

TEST(MessagesTest, WorkerMessagesComeBackAsTheyWere) {
  const auto join = std::get<JoinRequest>(std::get<WorkerMessage>(
      Travel(ToJson(WorkerMessage(JoinRequest{"node-a", 64, {"cuda:1"}, 1, "no"})))));
  EXPECT_EQ(join.node, "node-a");
  EXPECT_EQ(join.cores, 64);
  EXPECT_EQ(join.gpus, std::vector<std::string>{"cuda:1"});
  EXPECT_EQ(join.memory, 1);
  EXPECT_EQ(join.warning, "no");

  const Heartbeat sent{{{"attempt", 3, 10, "images", "loss 1"}}};
  const auto beat =
      std::get<Heartbeat>(std::get<WorkerMessage>(Travel(ToJson(WorkerMessage(sent)))));
  ASSERT_EQ(beat.progress.size(), 1u);
  EXPECT_EQ(beat.progress[0].note, "loss 1");

  const AttemptEnded failed{StageFailed{"attempt", ErrorKind::kTrial, Failure::kCrash, "gone"},
                            "last line", 3};
  const auto ended =
      std::get<AttemptEnded>(std::get<WorkerMessage>(Travel(ToJson(WorkerMessage(failed)))));
  EXPECT_EQ(std::get<StageFailed>(ended.result).failure, Failure::kCrash);
  EXPECT_EQ(ended.log_tail, "last line");
  EXPECT_EQ(ended.rank, 3);

  const StoreCall call{2, {"attempt", 7, StoreOperation::kSet, {"key"}, std::string("\0\x9f", 2)}};
  const auto asked =
      std::get<StoreCall>(std::get<WorkerMessage>(Travel(ToJson(WorkerMessage(call)))));
  EXPECT_EQ(asked.rank, 2);
  EXPECT_EQ(asked.request.id, 7);
  EXPECT_EQ(asked.request.operation, StoreOperation::kSet);
  EXPECT_EQ(asked.request.value, call.request.value);
  const auto revoked = std::get<WorkerMessage>(Travel(ToJson(WorkerMessage(Revoked{"attempt"}))));
  EXPECT_EQ(std::get<Revoked>(revoked).attempt, "attempt");
}

TEST(MessagesTest, CoordinatorMessagesComeBackAsTheyWere) {
  Assign sent;
  sent.slot = 3;
  sent.stall_limit = 2.5;
  sent.time_limit = 60;
  sent.run.attempt = "attempt";
  sent.run.device = "cuda:1";
  const auto assign =
      std::get<Assign>(std::get<CoordinatorMessage>(Travel(ToJson(CoordinatorMessage(sent)))));
  EXPECT_EQ(assign.slot, 3);
  EXPECT_EQ(assign.stall_limit, 2.5);
  EXPECT_EQ(assign.time_limit, 60);
  EXPECT_EQ(assign.run.device, "cuda:1");
  const StoreReply reply{1, {"attempt", 7, {"", std::string("\xff\0", 2)}, -3}};
  const auto told =
      std::get<StoreReply>(std::get<CoordinatorMessage>(Travel(ToJson(CoordinatorMessage(reply)))));
  EXPECT_EQ(told.rank, 1);
  EXPECT_EQ(told.answer.values, reply.answer.values);
  EXPECT_EQ(told.answer.number, -3);
  const auto drain = std::get<CoordinatorMessage>(Travel(ToJson(CoordinatorMessage(Drain{}))));
  EXPECT_TRUE(std::holds_alternative<Drain>(drain));
}

TEST(MessagesTest, WhatIsNeitherIsRefused) {
  for (const Json& json : {Json{{"type", "nonsense"}}, Json{{"type", "revoke"}}, Json::object(),
                           Json{{"type", "ended"},
                                {"log_tail", ""},
                                {"result", ToJson(StageMessage(StageProgress{"a"}))}}}) {
    try {
      ClusterMessageFromJson(json);
      FAIL() << json.dump();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCluster) << json.dump();
    }
  }
}

}  // namespace
}  // namespace zerosweep
