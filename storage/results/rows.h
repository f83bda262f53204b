// The typed rows of the results database (docs/schema.md).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/stage_messages.h"

namespace zerosweep {

// "waiting" and "running" are never stored: they follow from the attempts in flight. Stored states
// end a stage or trial.
enum class State { kOpen, kDone, kFailed, kCancelled };
const char* ToString(State state);  // "open", "done", "failed", "cancelled"
// The reverse. Throws kStorage for an unknown word.
State StateFromString(const std::string& word);

// What a stage takes while it runs. No part of its name.
struct ResourceRequest {
  int ranks = 1;      // processes, each with what follows
  bool gpu = false;   // a GPU is not only used where there is one, but required
  int cpus = 0;       // cores; 0: as many as a slot has
  double memory = 0;  // bytes; 0: not said
  double time = 0;    // seconds that an attempt may last; 0: any
  bool operator==(const ResourceRequest&) const = default;
};

// "2 ranks of 4 cores and 16.0 GiB", "1 rank of a GPU".
std::string ToString(const ResourceRequest& needs);

// What stages have in common that differ in nothing but their seed and inputs.
struct StageDesign {
  std::string kind;
  std::string implementation;  // "zeroq", "minmax"; the kind's name where it has only one
  int revision = 1;
  Json params = Json::object();              // without the seed
  std::vector<std::string> roles;            // of its inputs, sorted
  std::map<std::string, std::string> files;  // role → path outside the home; not part of the name
  int threads = 1;                           // declared by kind and profile, kept by retries
  ResourceRequest needs;                     // not stored
};

struct StageRow {
  std::string name;  // SHA-256 (storage/results/stage_text.h)
  std::shared_ptr<const StageDesign> design;
  std::optional<int64_t> seed;  // its parameter of that name
  std::vector<size_t> inputs;   // in the order of the roles: places among the sweep's stages
};

// A number that a paper prints (reports/published/README.md says what each field may be). Text is
// empty where nothing is known.
struct PublishedRow {
  std::string paper, title, table;
  std::string method;  // as printed
  std::string recipe;  // of ours that computes it
  std::string dataset, arch, model_as_printed;
  std::optional<double> fp32;  // its teacher's accuracy
  std::string w_bits, a_bits;  // "4"; or words: "MP(avg6)"
  std::string metric;
  double value = 0;
  std::string preset, stem_out, checkpoint, pick, needs_real_data, training;
  std::string confidence;  // primary, secondary, rerun, recalled
  std::string source;
};

// Its parameters, seed included.
Json ParamsOf(const StageRow& stage);
// As the stage program sees it. `stages`: the sweep's.
StageSpec SpecOf(const StageRow& stage, const std::vector<StageRow>& stages);

// What trials share that differ in their seeds alone: the samples of one leaderboard row.
struct Configuration {
  std::string dataset;
  std::string model;   // the name shown: a shipped model's name, or the file's stem
  std::string arch;    // of the network
  std::string method;  // recipe name, or "synthesizer+quantizer"
  std::string synthesizer;
  std::string quantizer;
  double w_bits = 0, a_bits = 0;  // weights: of mixed precision the budget, by layer the mean width
  std::string bits;               // "w4a8", "wmp4a8" (mixed precision), "w@first8a4" (by layer)
  std::string protocol;  // preset name, with a mark of changed fields: "zeroq", "genie*1a2b"
  std::string variant;   // "code", "paper", "fixed"
  Json resolved = Json::object();  // all of it, defaults included
};

struct Seeds {
  int64_t synthesis = 0, quantize = 0;
  bool operator==(const Seeds&) const = default;
};

struct TrialRow {
  std::string id;  // SHA-256 of {method, variant, protocol label, evaluate stage}
  std::shared_ptr<const Configuration> configuration;
  Seeds seeds;
  std::vector<size_t> stages;  // places among the sweep's stages, inputs before users
};

// The stage of that kind. Throws std::out_of_range when the trial has none.
const StageRow& StageOf(const TrialRow& trial, const std::string& kind,
                        const std::vector<StageRow>& stages);

// One try at one stage.
struct AttemptRow {
  std::string id;  // UUID, made by the coordinator
  std::string stage;
  std::string worker;  // "node-name/slot 0"
  std::string device;
  int threads = 1;
};

inline constexpr size_t kMaxCurvePoints = 512;

struct AttemptDone {
  std::string attempt;
  std::string stage;
  std::string artifact;                       // digest
  std::map<std::string, std::string> inputs;  // role → artifact digest actually read
  std::map<std::string, double> metrics;
  Json signature = Json::object();
  double seconds = 0;
  double earlier_seconds = 0;  // of other attempts, up to the checkpoint that it went on from
  int64_t bytes = 0;           // of the artifact's files
};

struct AttemptFailed {
  std::string attempt;
  std::string stage;
  ErrorKind kind = ErrorKind::kTrial;
  Failure failure = Failure::kError;
  std::string message;  // one line
  std::string log_tail;
  double seconds = 0;
  bool final = false;  // no further attempt will be made: the stage, and every trial that needs it,
                       // has failed
};

}  // namespace zerosweep
