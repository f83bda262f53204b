// Declarations. Each describes a kind of stage, a method, a network or a dataset, and is in the
// same source as its code. `zerosweep-stage --describe` prints them all. `zerosweep` uses them to
// validate sweeps, name stages and print help (docs/methods.md).
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
  Json default_value = {};   // of type `type`
  std::string meaning = {};  // one line
  std::string unit = {};
  std::string source = {};  // paper and equation, or the authors' file
  std::optional<double> min = {}, max = {};
  std::vector<std::string> choices = {};      // for kChoice
  std::map<std::string, Json> profiles = {};  // "paper", "fast", "smoke" → its default
  std::map<std::string, Json> variants = {};  // "code", "paper", "fixed" → its default
  // A value equal to this one is left out of a stage's parameters, so that a new parameter renames
  // no stage. Null: there is none.
  Json neutral = {};
};

enum class Role { kKind, kSynthesizer, kQuantizer, kModel, kDataset };
inline constexpr std::array kAllRoles = {Role::kKind, Role::kSynthesizer, Role::kQuantizer,
                                         Role::kModel, Role::kDataset};
const char* ToString(Role role);  // "kind", "synthesizer", "quantizer", "model", "dataset"

// Facts of a stage kind: which trials have a stage of it, its inputs, and what sets its parameters.
struct KindFacts {
  enum class Presence {
    kAlone,        // in no trial: a command runs it
    kAlways,       // in every trial
    kSynthesizer,  // in trials with a synthesizer
    kMixedBits,    // in trials that choose their bits: mixed precision
    kNeeded        // in trials whose quantizer needs what the stage provides
  };
  // The block of the sweep that sets the parameters.
  enum class SetBy { kEvaluate, kSynthesizer, kQuantizer, kBits };

  Presence presence = Presence::kAlone;
  SetBy set_by = SetBy::kEvaluate;
  // The role under which other stages of the trial read its artifact.
  std::string provides = {};
  // Roles of its inputs; roles that no stage of the trial provides are left out. A quantizer's
  // needs are inputs of the stage that runs it.
  std::vector<std::string> reads = {};
  std::optional<Role> runs = {};  // the role whose implementations it runs; none: itself
  bool reads_weights = false;     // the network's weights, architecture and normalisation name it
  bool reads_test_images = false;
  double passes = 3;  // through the network per image and step; rule of thumb
};

// Facts of a synthesizer or quantizer.
struct MethodFacts {
  bool joint = false;   // makes its own images: its trials have no synthesize stage
  bool groups = false;  // several ranks can compute one of its stages together
  // The conditions on its parameters under which it makes its images for classes. None: never.
  std::optional<std::vector<Condition>> labels = {};
};

// Facts of a network as in its paper.
struct ModelFacts {
  std::array<int64_t, 3> input_shape = {};  // C, H, W
  int64_t classes = 0;
  int64_t macs = 0;  // multiply-adds per image; 0: unknown
  // The smallest image side that the network accepts (`min_side`), and the smallest with which
  // every batch norm (`map_side`) and every convolution with a stride (`stride_side`) gets more
  // than one pixel.
  int64_t min_side = 1, map_side = 1, stride_side = 1;
  std::vector<std::string> layouts = {};  // names of the checkpoint layouts that it can load

  // Facts of its graph (engine/quant/network_facts.h).
  int64_t batch_norms = 0;
  int64_t parameters = 0;  // numbers, without running statistics
  int64_t features = 0;    // number of inputs of the classifier
  // By act_placement: the values of the protocol's `shortcut` for which some block's shortcut does
  // not read the same tensor as the block's other operators.
  std::map<std::string, std::vector<std::string>> shortcuts = {};
  // The values of act_placement for which some quantizer is at a tensor with negative values.
  std::vector<std::string> signed_placements = {};
  std::vector<std::string> weighted = {};   // names of its convolutions and linear layers
  std::vector<std::string> unit_ends = {};  // the nodes at which a unit may end, in order
  std::vector<std::string> stem_ends = {};  // those before the second weighted operator
};

// Facts of a dataset. Its images lie in files of known names, in one folder per class, or in a
// folder with a list of them (contract/image_list.h).
struct DatasetFacts {
  int64_t classes = 0;                // 0: the number of class folders, or the model's
  std::array<int64_t, 3> shape = {};  // C, H, W of an image, after the usual crop
  std::map<std::string, std::vector<std::string>> files = {};    // by split, in reading order
  std::map<std::string, std::vector<std::string>> folders = {};  // by split, best first
  std::map<std::string, std::string> fallback = {};   // split → the split used in its place
  std::vector<std::string> alternative_folders = {};  // sub-folders that are searched too
  std::string default_folder = {};                    // empty: the user must give one
  std::string debian_package = {};                    // empty: there is none
  std::string layout = {};                            // of its folders, in words
  int64_t test_images = 0;                            // 0: unknown
  std::map<std::string, std::string> lists = {};      // by split: the CSV that names its images

  bool in_class_folders() const { return !folders.empty(); }
  bool is_listed() const { return !lists.empty(); }
  // Whether each image is a file of its own, to be resized.
  bool in_image_files() const { return in_class_folders() || is_listed(); }
};

struct Declaration {
  std::string name;
  std::string summary = {};  // one line
  std::string paper = {};
  int revision = 1;  // increases when results change beyond rounding
  bool uses_seed = false;
  std::vector<std::string> needs = {};  // from the trial: "real_data", or what a kind provides
  std::vector<ParamSpec> params = {};
  std::vector<Limit> limits = {};  // trials that it cannot run: refused before any work
  // The facts for the declaration's role.
  std::variant<KindFacts, MethodFacts, ModelFacts, DatasetFacts> facts = {};

  bool Needs(const std::string& what) const;
  // Null when there is no parameter of that name.
  const ParamSpec* Find(const std::string& param) const;
  // REQUIRES: its role has these facts.
  const KindFacts& kind() const { return std::get<KindFacts>(facts); }
  const MethodFacts& method() const { return std::get<MethodFacts>(facts); }
  const ModelFacts& model() const { return std::get<ModelFacts>(facts); }
  const DatasetFacts& dataset() const { return std::get<DatasetFacts>(facts); }
};

// A field of the protocol (docs/methods.md) and the stage kinds whose names include it.
struct ProtocolField {
  ParamSpec param;
  std::vector<std::string> stages;
};

struct ProtocolFields {
  std::vector<ProtocolField> fields;
  // Name → {field: value}, for the fields that differ from the default.
  std::map<std::string, Json> presets;

  // Every field with its default.
  Json Defaults() const;
};

// All declarations, each list sorted by name.
struct Declarations {
  ProtocolFields protocol;
  std::map<Role, std::vector<Declaration>> by_role;

  const std::vector<Declaration>& Of(Role role) const { return by_role.at(role); }
};

// The JSON that `--describe` prints. DeclarationsFromJson throws nlohmann::json::exception for any
// other form.
Json ToJson(const Declarations& declarations);
Declarations DeclarationsFromJson(const Json& json);

// The facts of a network that limits may use: the fields by their names.
Json ToJson(const ModelFacts& facts);
// Throws nlohmann::json::exception for any other form.
ModelFacts ModelFactsFromJson(const Json& json);

}  // namespace zerosweep
