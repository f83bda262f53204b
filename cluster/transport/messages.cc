#include "cluster/transport/messages.h"

namespace zerosweep {

template <>
inline constexpr const char* kMessageType<JoinRequest> = "join";
template <>
inline constexpr const char* kMessageType<Heartbeat> = "beat";
template <>
inline constexpr const char* kMessageType<StoreCall> = "store_call";
template <>
inline constexpr const char* kMessageType<AttemptEnded> = "ended";
template <>
inline constexpr const char* kMessageType<Revoked> = "revoked";
template <>
inline constexpr const char* kMessageType<WorkerFailed> = "broken";
template <>
inline constexpr const char* kMessageType<Goodbye> = "left";
template <>
inline constexpr const char* kMessageType<Assign> = "assign";
template <>
inline constexpr const char* kMessageType<StoreReply> = "store_reply";
template <>
inline constexpr const char* kMessageType<Revoke> = "revoke";
template <>
inline constexpr const char* kMessageType<Alive> = "alive";
template <>
inline constexpr const char* kMessageType<Drain> = "drain";
template <>
inline constexpr const char* kMessageType<Leave> = "leave";

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JoinRequest, node, cores, gpus, memory, warning)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Heartbeat, progress)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StoreCall, rank, request)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Revoked, attempt)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WorkerFailed, message)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Assign, slot, run, stall_limit, time_limit)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StoreReply, rank, answer)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Revoke, attempt)

// Messages without content.
template <typename Message>
concept Bare = std::is_empty_v<Message>;
template <Bare Message>
void to_json(Json& json, const Message&) {
  json = Json::object();
}
template <Bare Message>
void from_json(const Json&, Message&) {}

void to_json(Json& json, const AttemptEnded& ended) {
  json = {{"result", TaggedJson(ended.result)}, {"log_tail", ended.log_tail}, {"rank", ended.rank}};
}
void from_json(const Json& json, AttemptEnded& ended) {
  const auto result = FromTagged<decltype(ended.result)>(json.at("result"));
  if (!result) Fail(ErrorKind::kCluster, "malformed message between ranks: {}", json.dump());
  ended = {*result, json.at("log_tail"), json.at("rank")};
}

namespace {

ClusterMessage Decode(const Json& json) {
  if (const auto of_worker = FromTagged<WorkerMessage>(json)) return *of_worker;
  if (const auto of_coordinator = FromTagged<CoordinatorMessage>(json)) return *of_coordinator;
  Fail(ErrorKind::kCluster, "unknown message {} between ranks; all ranks must run one build",
       json.at("type").dump());
}

}  // namespace

Json ToJson(const WorkerMessage& message) { return TaggedJson(message); }

Json ToJson(const CoordinatorMessage& message) { return TaggedJson(message); }

ClusterMessage ClusterMessageFromJson(const Json& json) {
  try {
    return Decode(json);
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kCluster, "malformed message between ranks: {}", error.what());
  }
}

}  // namespace zerosweep
