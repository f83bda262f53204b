// The messages between a worker and its `zerosweep-stage` process, as typed values
// (docs/stage_protocol.md).
//
//   stage → worker:  Hello (Progress* Metric* StoreRequest* (Done | Failed))*
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

namespace zerosweep {

// A stage as both programs see it; its name is the SHA-256 of {kind, revision, params, inputs}.
struct StageSpec {
  std::string name;
  std::string kind;  // "teacher", "synthesize", "quantize", "evaluate", …
  int revision = 1;
  Json params = Json::object();
  std::map<std::string, std::string> inputs;  // role → name of the stage that makes it

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
  std::map<std::string, std::string>
      files;                      // role → file or folder outside the home ("weights", "data")
  std::string staging;            // the folder to make and fill: artifacts/.staging/<attempt>
  std::string checkpoints;        // checkpoints/<stage>, made when needed; "": it saves none
  double checkpoint_period = 60;  // seconds between two checkpoints, at least
  std::string device = "cpu";     // "cpu", "cuda:3"
  int threads = 1;
  // Of a group: processes that run one attempt together.
  int rank = 0;
  int ranks = 1;
  std::string interface = "lo";  // where its data sockets listen: names or subnets; "": anywhere
};

struct StageProgress {
  std::string attempt;
  double done = 0;   // in `unit`
  double total = 0;  // 0 when unknown
  std::string unit;  // "iterations", "images", "epochs"
  std::string note;  // "loss 0.0123"
};

struct StageMetric {
  std::string attempt;
  std::string name;
  double value = 0;
};

struct StageDone {
  std::string attempt;
  std::string artifact;  // digest of the staged artifact (contract/artifact.h); of rank 0 alone
  std::map<std::string, double> metrics;
  double seconds = 0;               // of this attempt
  Json signature = Json::object();  // as in hello, with device and threads of this run
  double earlier_seconds = 0;       // of others, up to the checkpoint that it went on from
  std::vector<std::string> notes;   // what a person should know, a sentence each
};

struct StageFailed {
  std::string attempt;
  ErrorKind kind = ErrorKind::kTrial;
  std::string failure;  // class: "crash", "oom", "timeout", "non_finite", "configuration", "data",
                        // "lost_worker", "interrupted", "error"
  std::string message;
};

using StageMessage =
    std::variant<StageHello, StageProgress, StageMetric, StoreRequest, StageDone, StageFailed>;

Json ToJson(const StageSpec& spec);
StageSpec StageSpecFromJson(const Json& json);
Json ToJson(const StageRun& run);
StageRun StageRunFromJson(const Json& json);
Json ToJson(const StageMessage& message);
// Throws kCluster for a message that is not of the protocol.
StageMessage StageMessageFromJson(const Json& json);

}  // namespace zerosweep
