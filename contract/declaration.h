// Declarations: each describes a kind of stage, a method, a network or a dataset, and stands beside
// its code. `zerosweep-stage --describe` prints them all. From them `zerosweep` validates sweeps,
// names stages and prints help (docs/methods.md).
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "contract/limits.h"

namespace zerosweep {

enum class ParamType {
  kInt,
  kFloat,
  kBool,
  kString,
  kChoice,  // one of the parameter's `choices`
  kBits     // 2…8, 32 or "same"
};
const char* ToString(ParamType type);  // "int", "float", "bool", "string", "choice", "bits"

struct ParamSpec {
  std::string name;
  ParamType type = ParamType::kInt;
  Json default_value = {};   // of that type
  std::string meaning = {};  // one line
  std::string unit = {};
  std::string source = {};  // paper and equation, or the authors' file
  std::optional<double> min = {}, max = {};
  std::vector<std::string> choices = {};      // of kChoice
  std::map<std::string, Json> profiles = {};  // "paper", "fast", "smoke" → default under it
  std::map<std::string, Json> variants = {};  // "code", "paper", "fixed" → default under it
  // A value equal to it is left out of a stage's parameters, so that a new parameter renames no
  // stage. Null: there is none.
  Json neutral = {};
};

enum class Role { kKind, kSynthesizer, kQuantizer, kModel, kDataset };
const char* ToString(Role role);  // "kind", "synthesizer", "quantizer", "model", "dataset"

// Of a stage kind: when a trial has a stage of it, what that reads, and who sets its parameters.
struct KindFacts {
  enum class Presence {
    kAlone,        // in no trial: a command runs it
    kAlways,       // in every trial
    kSynthesizer,  // in trials with a synthesizer
    kMixedBits,    // in trials whose bits are chosen: mixed precision
    kNeeded        // in trials whose quantizer needs what it provides
  };
  enum class SetBy { kEvaluate, kSynthesizer, kQuantizer, kBits };  // whose block of the sweep

  Presence presence = Presence::kAlone;
  SetBy set_by = SetBy::kEvaluate;
  // The role under which other stages of the trial read its artifact.
  std::string provides = {};
  // Roles of its inputs; those that no stage of the trial provides are left out. What a quantizer
  // needs is an input of the stage that runs it.
  std::vector<std::string> reads = {};
  std::optional<Role> runs = {};  // the role whose implementations it runs; none: it is its own
  bool reads_weights = false;     // the network's: they, its architecture and normalisation name it
  bool reads_test_images = false;
  double passes = 3;  // rule of thumb: through the network, for each image and step
};

// Of a synthesizer or quantizer.
struct MethodFacts {
  bool joint = false;   // it makes its own images: its trials have no synthesize stage
  bool groups = false;  // several ranks can compute a stage of it together
  // The conditions on its parameters under which its images are made for classes. None: never.
  std::optional<std::vector<Condition>> labels = {};
};

// Of a network as its paper has it.
struct ModelFacts {
  std::array<int64_t, 3> input_shape = {};  // C, H, W
  int64_t classes = 0;
  int64_t macs = 0;  // multiply-adds of one image; 0: not known
  // The smallest side of an image that the network can take, with which every batch norm sees more
  // than one pixel, and with which every convolution with a stride does.
  int64_t min_side = 1, map_side = 1, stride_side = 1;
  std::vector<std::string> layouts = {};  // names of the checkpoints' layouts that load

  // What its graph says (engine/quant/network_facts.h).
  int64_t batch_norms = 0;
  int64_t parameters = 0;  // numbers, without running statistics
  int64_t features = 0;    // numbers that the classifier reads
  // By act_placement, the values of the protocol's `shortcut` under which the shortcut of some
  // block does not read what its other operators read.
  std::map<std::string, std::vector<std::string>> shortcuts = {};
  // The values of act_placement under which some quantizer stands at a tensor with negative values.
  std::vector<std::string> signed_placements = {};
  std::vector<std::string> unit_ends = {};  // the nodes at which a unit may end, in order
  std::vector<std::string> stem_ends = {};  // those of them before the second weighted operator
};

// Of a dataset. Its images lie in files of known names, or in one folder a class.
struct DatasetFacts {
  int64_t classes = 0;                // 0: as many as there are class folders
  std::array<int64_t, 3> shape = {};  // C, H, W of an image, after the usual crop
  std::map<std::string, std::vector<std::string>> files = {};    // by split, in reading order
  std::map<std::string, std::vector<std::string>> folders = {};  // by split, best first
  std::map<std::string, std::string> fallback = {};   // split → the one that stands in for it
  std::vector<std::string> alternative_folders = {};  // sub-folders that are looked in as well
  std::string default_folder = {};                    // empty: the user has to give one
  std::string debian_package = {};                    // empty: there is none
  std::string layout = {};                            // of folders, in words
  int64_t test_images = 0;                            // 0: not known

  bool in_class_folders() const { return !folders.empty(); }
};

struct Declaration {
  std::string name;
  std::string summary = {};  // one line
  std::string paper = {};
  int revision = 1;  // rises when results change beyond rounding
  bool uses_seed = false;
  std::vector<std::string> needs = {};  // of the trial: "real_data", or what a kind provides
  std::vector<ParamSpec> params = {};
  std::vector<Limit> limits = {};  // what it cannot do: such trials are refused before any work
  // Of the declaration's role.
  std::variant<KindFacts, MethodFacts, ModelFacts, DatasetFacts> facts = {};

  bool Needs(const std::string& what) const;
  // Null when it declares no parameter of that name.
  const ParamSpec* Find(const std::string& param) const;
  // REQUIRES: its role has these facts.
  const KindFacts& kind() const { return std::get<KindFacts>(facts); }
  const MethodFacts& method() const { return std::get<MethodFacts>(facts); }
  const ModelFacts& model() const { return std::get<ModelFacts>(facts); }
  const DatasetFacts& dataset() const { return std::get<DatasetFacts>(facts); }
};

// A field of the protocol (docs/methods.md) and the stage kinds whose names hold it.
struct ProtocolField {
  ParamSpec param;
  std::vector<std::string> stages;
};

struct ProtocolFields {
  std::vector<ProtocolField> fields;
  std::map<std::string, Json>
      presets;  // name → {field: value}, of those that differ from the default

  // Every field with its default.
  Json Defaults() const;
};

// All that exists, each list sorted by name.
struct Declarations {
  ProtocolFields protocol;
  std::map<Role, std::vector<Declaration>> by_role;

  const std::vector<Declaration>& Of(Role role) const { return by_role.at(role); }
};

// As `--describe` prints it. The reverse throws nlohmann::json::exception for another form.
Json ToJson(const Declarations& declarations);
Declarations DeclarationsFromJson(const Json& json);

// What limits may ask of a network: the fields by their names.
Json ToJson(const ModelFacts& facts);

}  // namespace zerosweep
