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

Json ToJson(const StageSpec& spec) {
  return {{"name", spec.name},
          {"kind", spec.kind},
          {"revision", spec.revision},
          {"params", spec.params},
          {"inputs", spec.inputs}};
}

StageSpec StageSpecFromJson(const Json& json) {
  return Decode(json, [&] {
    StageSpec spec;
    json.at("name").get_to(spec.name);
    json.at("kind").get_to(spec.kind);
    json.at("revision").get_to(spec.revision);
    spec.params = json.at("params");
    json.at("inputs").get_to(spec.inputs);
    return spec;
  });
}

Json ToJson(const StageRun& run) {
  Json json = {{"type", "run"},
               {"attempt", run.attempt},
               {"stage", ToJson(run.stage)},
               {"inputs", run.inputs},
               {"files", run.files},
               {"staging", run.staging},
               {"checkpoints", run.checkpoints},
               {"checkpoint_period", run.checkpoint_period},
               {"device", run.device},
               {"threads", run.threads}};
  if (run.ranks > 1)
    json.update({{"rank", run.rank}, {"ranks", run.ranks}, {"interface", run.interface}});
  return json;
}

StageRun StageRunFromJson(const Json& json) {
  return Decode(json, [&] {
    if (json.at("type") != "run")
      Fail(ErrorKind::kCluster, "expected 'run', got {}", json.at("type").dump());
    StageRun run;
    json.at("attempt").get_to(run.attempt);
    run.stage = StageSpecFromJson(json.at("stage"));
    json.at("inputs").get_to(run.inputs);
    json.at("files").get_to(run.files);
    json.at("staging").get_to(run.staging);
    json.at("checkpoints").get_to(run.checkpoints);
    json.at("checkpoint_period").get_to(run.checkpoint_period);
    json.at("device").get_to(run.device);
    json.at("threads").get_to(run.threads);
    if (json.contains("ranks")) {
      json.at("rank").get_to(run.rank);
      json.at("ranks").get_to(run.ranks);
      json.at("interface").get_to(run.interface);
    }
    return run;
  });
}

Json ToJson(const StageMessage& message) {
  struct Encoder {
    Json operator()(const StageHello& m) const {
      return {{"type", "hello"},
              {"catalogue_digest", m.catalogue_digest},
              {"version", m.version},
              {"signature", m.signature}};
    }
    Json operator()(const StageProgress& m) const {
      return {{"type", "progress"}, {"attempt", m.attempt}, {"done", m.done},
              {"total", m.total},   {"unit", m.unit},       {"note", m.note}};
    }
    Json operator()(const StageMetric& m) const {
      return {{"type", "metric"}, {"attempt", m.attempt}, {"name", m.name}, {"value", m.value}};
    }
    Json operator()(const StoreRequest& m) const { return ToJson(m); }
    Json operator()(const StageDone& m) const {
      return {{"type", "done"},           {"attempt", m.attempt},
              {"artifact", m.artifact},   {"metrics", m.metrics},
              {"seconds", m.seconds},     {"earlier_seconds", m.earlier_seconds},
              {"signature", m.signature}, {"notes", m.notes}};
    }
    Json operator()(const StageFailed& m) const {
      return {{"type", "failed"},
              {"attempt", m.attempt},
              {"kind", ToString(m.kind)},
              {"failure", m.failure},
              {"message", m.message}};
    }
  };
  return std::visit(Encoder{}, message);
}

StageMessage StageMessageFromJson(const Json& json) {
  return Decode(json, [&]() -> StageMessage {
    const std::string type = json.at("type");
    if (type == "hello")
      return StageHello{json.at("catalogue_digest"), json.at("version"), json.at("signature")};
    if (type == "progress") {
      return StageProgress{json.at("attempt"), json.at("done"), json.at("total"), json.at("unit"),
                           json.at("note")};
    }
    if (type == "metric") return StageMetric{json.at("attempt"), json.at("name"), json.at("value")};
    if (type == "store") return StoreRequestFromJson(json);
    if (type == "done") {
      return StageDone{json.at("attempt"),
                       json.at("artifact"),
                       json.at("metrics"),
                       json.at("seconds"),
                       json.at("signature"),
                       json.value("earlier_seconds", 0.0),
                       json.value("notes", std::vector<std::string>())};
    }
    if (type == "failed") {
      return StageFailed{json.at("attempt"), ErrorKindFromString(json.at("kind")),
                         json.at("failure"), json.at("message")};
    }
    Fail(ErrorKind::kCluster, "unknown message type '{}'", type);
  });
}

}  // namespace zerosweep
