// The messages between a worker and its `zerosweep-stage` process, as typed values
// (docs/stage_protocol.md).
//
//   stage → worker:  Hello (Progress* StoreRequest* (Done | Failed))*
//   worker → stage:  (Run StoreAnswer*)*  (end of stream = leave at once; SIGTERM = save, then
//                                         leave)
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "contract/store_messages.h"
#include "contract/tagged.h"

namespace zerosweep {

// A stage as both programs see it. Its name is the SHA-256 of {kind, revision, params, inputs}.
struct StageSpec {
  std::string name;
  std::string kind;  // "teacher", "synthesize", "quantize", "evaluate", …
  int revision = 1;
  Json params = Json::object();
  std::map<std::string, std::string> inputs;  // role → name of the stage that provides it

  // The SHA-256 name of the other fields.
  std::string ComputeName() const;
};

struct StageHello {
  std::string catalogue_digest;  // a mismatch is refused: "rebuild"
  std::string version;
  Json signature = Json::object();  // execution signature: device models, cpu capability, library
                                    // versions, code revision
};

struct StageRun {
  std::string attempt;
  StageSpec stage;
  std::map<std::string, std::string> inputs;  // role → folder of the published artifact
  // Role → file or folder outside the home ("weights", "data").
  std::map<std::string, std::string> files;
  std::string staging;            // folder to make and fill: artifacts/.staging/<attempt>
  std::string checkpoints;        // checkpoints/<stage>, made when needed; "": saves none
  double checkpoint_period = 60;  // least seconds between two checkpoints
  std::string device = "cpu";     // "cpu", "cuda:3"
  int threads = 1;
  // For a group, that is several processes that run one attempt together.
  int rank = 0;
  int ranks = 1;
  std::string interface = "lo";  // names or subnets on which its data sockets listen; "": any
};

struct StageProgress {
  std::string attempt;
  double done = 0;   // in `unit`
  double total = 0;  // 0 when unknown
  std::string unit;  // "iterations", "images", "epochs"
  std::string note;  // "loss 0.0123"
};

struct StageDone {
  std::string attempt;
  std::string artifact;  // digest of the staged artifact (contract/artifact.h); from rank 0 only
  std::map<std::string, double> metrics;
  double seconds = 0;               // of this attempt
  Json signature = Json::object();  // as in hello, with device and threads of this run
  double earlier_seconds = 0;       // of earlier attempts, up to the checkpoint that it resumed
  double peak_bytes = 0;            // largest resident memory of the process; 0: unknown
  std::vector<std::string> notes;   // for the user, one sentence each
};

struct StageFailed {
  std::string attempt;
  ErrorKind kind = ErrorKind::kTrial;
  Failure failure = Failure::kError;
  std::string message;
};

using StageMessage = std::variant<StageHello, StageProgress, StoreRequest, StageDone, StageFailed>;

template <>
inline constexpr const char* kMessageType<StageHello> = "hello";
template <>
inline constexpr const char* kMessageType<StageProgress> = "progress";
template <>
inline constexpr const char* kMessageType<StoreRequest> = "store";
template <>
inline constexpr const char* kMessageType<StageDone> = "done";
template <>
inline constexpr const char* kMessageType<StageFailed> = "failed";

inline void to_json(Json& json, ErrorKind kind) { json = ToString(kind); }
inline void from_json(const Json& json, ErrorKind& kind) {
  kind = ErrorKindFromString(json.get<std::string>());
}
inline void to_json(Json& json, Failure failure) { json = ToString(failure); }
inline void from_json(const Json& json, Failure& failure) {
  failure = FailureFromString(json.get<std::string>());
}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageSpec, name, kind, revision, params, inputs)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageRun, attempt, stage, inputs, files, staging, checkpoints,
                                   checkpoint_period, device, threads, rank, ranks, interface)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageHello, catalogue_digest, version, signature)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageProgress, attempt, done, total, unit, note)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageDone, attempt, artifact, metrics, seconds, signature,
                                   earlier_seconds, peak_bytes, notes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageFailed, attempt, kind, failure, message)

// The messages with their type. The functions from JSON throw kCluster for a message outside the
// protocol.
Json ToJson(const StageRun& run);
StageRun StageRunFromJson(const Json& json);
Json ToJson(const StageMessage& message);
StageMessage StageMessageFromJson(const Json& json);

}  // namespace zerosweep
