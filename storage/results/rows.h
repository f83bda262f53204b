// The typed rows of the results database (docs/schema.md).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/stage_messages.h"

namespace zerosweep {

// The stored states; all but kOpen end a stage or trial. "waiting" and "running" are never stored:
// they follow from the attempts in flight.
enum class State { kOpen, kDone, kFailed, kCancelled };
const char* ToString(State state);  // "open", "done", "failed", "cancelled"
// Reverses ToString. Throws kStorage for an unknown word.
State StateFromString(const std::string& word);

// Resources of a stage while it runs. They are not part of its name.
struct ResourceRequest {
  int ranks = 1;     // processes; the other fields are per process
  bool gpu = false;  // whether it requires a GPU; without this it still uses one where there is one
  int cpus = 0;      // cores; 0: as many as a slot has
  double memory = 0;  // bytes; 0: unspecified
  double time = 0;    // limit for an attempt, in seconds; 0: none
  bool operator==(const ResourceRequest&) const = default;
};

// "2 ranks, each of 4 cores and 16.0 GiB of memory", "a GPU".
std::string ToString(const ResourceRequest& needs);

// What stages have in common that differ only in seed and inputs.
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
  std::optional<int64_t> seed;  // its parameter "seed"
  std::vector<size_t> inputs;   // indices into the sweep's stages, in the order of the roles
};

// A number printed in a paper (reports/published/README.md lists the allowed values). Text is empty
// where nothing is known.
struct PublishedRow {
  std::string paper, title, table;
  std::string method;  // as printed
  std::string recipe;  // the recipe of ours that computes it
  std::string dataset, arch, model_as_printed;
  std::optional<double> fp32;  // accuracy of its teacher
  std::string w_bits, a_bits;  // "4", or words: "MP(avg6)"
  std::string metric;
  double value = 0;
  std::string preset, stem_out, checkpoint, pick, needs_real_data, training;
  std::string confidence;  // primary, secondary, rerun, recalled
  std::string source;
};

// The stage's parameters, seed included.
Json ParamsOf(const StageRow& stage);
// The stage as its program sees it. `stages`: all stages of the sweep.
StageSpec SpecOf(const StageRow& stage, const std::vector<StageRow>& stages);

// What trials have in common that differ only in their seeds: the samples of one leaderboard row.
struct Configuration {
  std::string dataset;
  std::string model;   // as shown: a shipped model's name, or the file's stem
  std::string arch;    // of the network
  std::string method;  // recipe name, or "synthesizer+quantizer"
  std::string synthesizer;
  std::string quantizer;
  double w_bits = 0, a_bits = 0;  // weights: the budget (mixed precision) or mean width (by layer)
  std::string bits;               // "w4a8", "wmp4a8" (mixed precision), "w@first8a4" (by layer)
  std::string protocol;  // preset name, marked where fields were changed: "zeroq", "genie*1a2b"
  std::string variant;   // "code", "paper", "fixed"
  Json resolved = Json::object();  // the whole configuration, defaults included
};

struct Seeds {
  int64_t synthesis = 0, quantize = 0;
  bool operator==(const Seeds&) const = default;
};

struct TrialRow {
  std::string id;  // SHA-256 of {method, variant, protocol label, evaluate stage}
  std::shared_ptr<const Configuration> configuration;
  Seeds seeds;
  std::vector<size_t> stages;  // indices into the sweep's stages, inputs before users
};

// The trial's stage of that kind. Throws std::out_of_range when there is none.
const StageRow& StageOf(const TrialRow& trial, const std::string& kind,
                        const std::vector<StageRow>& stages);

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
  std::map<std::string, std::string> inputs;  // role → digest of the artifact actually read
  std::map<std::string, double> metrics;
  Json signature = Json::object();
  double seconds = 0;
  double earlier_seconds = 0;  // of other attempts, up to the checkpoint that it resumed from
  double peak_bytes = 0;       // largest resident memory; 0: unknown
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
  bool final = false;  // no further attempt follows: the stage and all trials that need it fail
};

}  // namespace zerosweep
