// The settings in which a row differs from its method's paper or from other rows of its name.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// What the catalogue records from the papers.
struct PaperSettings {
  std::map<std::string, Json> presets;  // the fields of each protocol preset
  // The values declared under the profile `paper`, by part and variant: {"quantizer gdfq", "fixed"}
  // → {"batch": 200, …}, {"correct", "code"} → …; without those that do not affect results.
  std::map<std::pair<std::string, std::string>, Json> parts;
  // The values that recipes set over them: "dsg_extended" → {"synthesizer": {"lr": 0.9},
  // "quantizer": {…}, "protocol": {"code": "zeroq", "paper": …}}. Protocols are by variant.
  std::map<std::string, Json> recipes;
};

// The sections of a configuration that every trial has. The other sections belong to its method:
// its parts, and the additional stages that these need.
const std::set<std::string>& CommonSections();

// One value of a row's configuration.
struct Setting {
  std::string path;  // a JSON pointer: "/quantizer/params/lr"
  std::string name;  // "lr"; with its part if another part has the same name: "quantizer.batch"
  Json value;
  std::optional<Json> papers;  // the paper's value; absent if unknown
  bool tells_apart = false;    // whether a row of the same name has another value

  bool IsPapers() const { return papers && *papers == value; }
};

// "lr=scaled" for programs and --versus; "lr scaled" for people, with digests shortened.
std::string Assignment(const Setting& setting);
std::string Phrase(const Setting& setting);

// "scaled", "0.5": a value as people write it.
std::string ShownValue(const Json& value);

// The settings of a method's parts in its paper, in the form of a configuration: {"quantizer":
// {"params": {…}}, "correct": {…}}. `configuration` names the parts. Null if the catalogue lacks
// one of them.
Json PapersConfiguration(const Json& configuration, const std::string& recipe,
                         const std::string& variant, const PaperSettings& papers);

// The values of `configuration` that differ from PapersConfiguration, the most important first:
// rates, iterations, images, batches, parameters of the distillation, then the others by name.
std::vector<Setting> NotPapers(const Json& configuration, const Json& papers);

// A row that shares its name with others.
struct Namesake {
  Json configuration;
  const Json* papers = nullptr;  // its PapersConfiguration
  std::vector<Setting>* settings = nullptr;
};
// Adds to their settings just enough of the differing values to distinguish all of them.
void MarkDifferences(const std::vector<Namesake>& namesakes);

// The paths (JSON pointers) at which these flattened configurations do not all have the same value,
// in alphabetical order. A path that some of them lack counts too.
std::vector<std::string> DifferingPaths(const std::vector<Json>& flat);

}  // namespace zerosweep
