#include "cluster/messages.h"

namespace zerosweep {
namespace {

struct WorkerEncoder {
  Json operator()(const JoinRequest& m) const {
    return {{"type", "join"}, {"node", m.node},     {"cores", m.cores},
            {"gpus", m.gpus}, {"memory", m.memory}, {"warning", m.warning}};
  }
  Json operator()(const Beat& m) const {
    Json progress = Json::array();
    for (const StageProgress& p : m.progress) progress.push_back(ToJson(StageMessage(p)));
    return {{"type", "beat"}, {"progress", progress}};
  }
  Json operator()(const Ended& m) const {
    const Json result =
        std::visit([](const auto& end) { return ToJson(StageMessage(end)); }, m.result);
    return {{"type", "ended"}, {"result", result}, {"log_tail", m.log_tail}, {"rank", m.rank}};
  }
  Json operator()(const StoreCall& m) const {
    return {{"type", "store_call"}, {"rank", m.rank}, {"request", ToJson(m.request)}};
  }
  Json operator()(const Revoked& m) const { return {{"type", "revoked"}, {"attempt", m.attempt}}; }
  Json operator()(const Broken& m) const { return {{"type", "broken"}, {"message", m.message}}; }
  Json operator()(const Left&) const { return {{"type", "left"}}; }
};

struct CoordinatorEncoder {
  Json operator()(const Assign& m) const {
    return {{"type", "assign"},
            {"slot", m.slot},
            {"run", ToJson(m.run)},
            {"stall_limit", m.stall_limit},
            {"time_limit", m.time_limit}};
  }
  Json operator()(const StoreReply& m) const {
    return {{"type", "store_reply"}, {"rank", m.rank}, {"answer", ToJson(m.answer)}};
  }
  Json operator()(const Revoke& m) const { return {{"type", "revoke"}, {"attempt", m.attempt}}; }
  Json operator()(const Alive&) const { return {{"type", "alive"}}; }
  Json operator()(const Drain&) const { return {{"type", "drain"}}; }
  Json operator()(const Leave&) const { return {{"type", "leave"}}; }
};

WorkerMessage BeatFromJson(const Json& json) {
  Beat beat;
  for (const Json& item : json.at("progress"))
    beat.progress.push_back(std::get<StageProgress>(StageMessageFromJson(item)));
  return beat;
}

WorkerMessage EndedFromJson(const Json& json) {
  Ended ended;
  const StageMessage result = StageMessageFromJson(json.at("result"));
  if (const auto* done = std::get_if<StageDone>(&result)) {
    ended.result = *done;
  } else {
    ended.result = std::get<StageFailed>(result);
  }
  json.at("log_tail").get_to(ended.log_tail);
  json.at("rank").get_to(ended.rank);
  return ended;
}

ClusterMessage Decode(const Json& json) {
  const std::string type = json.at("type");
  if (type == "join")
    return WorkerMessage(JoinRequest{json.at("node"), json.at("cores"), json.at("gpus"),
                                     json.at("memory"), json.at("warning")});
  if (type == "beat") return BeatFromJson(json);
  if (type == "store_call")
    return WorkerMessage(StoreCall{json.at("rank"), StoreRequestFromJson(json.at("request"))});
  if (type == "ended") return EndedFromJson(json);
  if (type == "revoked") return WorkerMessage(Revoked{json.at("attempt")});
  if (type == "broken") return WorkerMessage(Broken{json.at("message")});
  if (type == "left") return WorkerMessage(Left{});
  if (type == "assign") {
    return CoordinatorMessage(Assign{json.at("slot"), StageRunFromJson(json.at("run")),
                                     json.at("stall_limit"), json.at("time_limit")});
  }
  if (type == "store_reply")
    return CoordinatorMessage(StoreReply{json.at("rank"), StoreAnswerFromJson(json.at("answer"))});
  if (type == "revoke") return CoordinatorMessage(Revoke{json.at("attempt")});
  if (type == "alive") return CoordinatorMessage(Alive{});
  if (type == "drain") return CoordinatorMessage(Drain{});
  if (type == "leave") return CoordinatorMessage(Leave{});
  Fail(ErrorKind::kCluster, "unknown message '{}' between ranks; all ranks must run one build",
       type);
}

}  // namespace

Json ToJson(const WorkerMessage& message) { return std::visit(WorkerEncoder{}, message); }

Json ToJson(const CoordinatorMessage& message) { return std::visit(CoordinatorEncoder{}, message); }

ClusterMessage ClusterMessageFromJson(const Json& json) {
  try {
    return Decode(json);
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kCluster, "malformed message between ranks: {}", error.what());
  } catch (const std::bad_variant_access&) {
    Fail(ErrorKind::kCluster, "malformed message between ranks: {}", json.dump());
  }
}

}  // namespace zerosweep
