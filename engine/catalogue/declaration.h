// What exists, declared beside the code that does it: `zerosweep-stage --describe` prints all
// declarations as the catalogue, from which `zerosweep` validates sweeps, names stages and prints
// help (docs/methods.md).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/catalogue/limits.h"

namespace zerosweep {

struct ParamSpec {
  std::string name;
  std::string type;     // "int", "float", "bool", "string", "choice"
  Json default_value;   // of that type
  std::string meaning;  // one line
  std::string unit = "";
  std::string source = "";  // paper and equation, or the authors' file
  std::optional<double> min = {}, max = {};
  std::vector<std::string> choices = {};  // of type "choice"
  std::map<std::string, Json> profiles =
      {};  // "paper", "fast", "smoke" → default under that profile
  std::map<std::string, Json> variants =
      {};             // "code", "paper", "fixed" → default under that variant
  Json neutral = {};  // a value equal to it is left out of the stage's parameters (so that a new
                      // one renames nothing)
};

struct Declaration {
  std::string role;  // "synthesizer", "quantizer", "trainer", "model", "dataset", "kind"
  std::string name;
  std::string summary;  // one line
  std::string paper = "";
  int revision = 1;  // rises when results change beyond rounding
  bool uses_seed = false;
  std::vector<std::string> needs = {};  // of the trial: "real_data", "correction"
  std::vector<ParamSpec> params = {};
  std::vector<Limit> limits = {};  // what it cannot do: such trials are refused before any work
  Json facts =
      Json::object();  // what else the role has to say: a model's input shape, a dataset's files
  // Facts that are made when the catalogue is: a network's own.
  std::function<Json()> late_facts = {};

  bool Needs(const std::string& what) const;
};

// All declarations, sorted by role and name, as the catalogue. Throws kInternal for twin names.
Json DescribeAll();
// SHA-256 of the catalogue's canonical JSON: what hello carries.
std::string CatalogueDigest();

// For the foot of a source file: `static const Declare kDeclare{…};` See
// engine/catalogue/registry.h for things with a factory.
struct Declare {
  explicit Declare(Declaration declaration);
};

}  // namespace zerosweep
