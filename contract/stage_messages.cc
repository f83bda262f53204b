#include "contract/stage_messages.h"

namespace zerosweep {

namespace {

template <typename Make>
auto Decode(const Json& json, Make make) {
  try {
    return make();
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kCluster, "malformed message {}: {}", json.value("type", "?"), error.what());
  }
}

}  // namespace

std::string StageSpec::ComputeName() const {
  return JsonDigest(
      {{"kind", kind}, {"revision", revision}, {"params", params}, {"inputs", inputs}});
}

Json ToJson(const StageRun& run) {
  Json json = run;
  json["type"] = "run";
  return json;
}

StageRun StageRunFromJson(const Json& json) {
  return Decode(json, [&] {
    if (json.at("type") != "run")
      Fail(ErrorKind::kCluster, "expected 'run', got {}", json.at("type").dump());
    return json.get<StageRun>();
  });
}

Json ToJson(const StageMessage& message) { return TaggedJson(message); }

StageMessage StageMessageFromJson(const Json& json) {
  return Decode(json, [&] {
    const auto message = FromTagged<StageMessage>(json);
    if (!message) Fail(ErrorKind::kCluster, "unknown message type {}", json.at("type").dump());
    return *message;
  });
}

}  // namespace zerosweep
