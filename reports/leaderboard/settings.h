// What a row sets otherwise than its method's paper, and what tells rows of one name apart.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// What the catalogue takes from the papers.
struct PaperSettings {
  std::map<std::string, Json> presets;  // the fields of each protocol preset
  // The values declared under the profile `paper`, by part and variant: {"quantizer gdfq", "fixed"}
  // → {"batch": 200, …}, {"correct", "code"} → …; without those that change no number.
  std::map<std::pair<std::string, std::string>, Json> parts;
  // What recipes set over them: "dsg_extended" → {"synthesizer": {"lr": 0.9}, "quantizer": {…},
  // "protocol": {"code": "zeroq", "paper": …}}: by variant.
  std::map<std::string, Json> recipes;
};

// The sections of a configuration that every trial has. The others are its method's: the parts, and
// the stages of their own that these need.
const std::vector<std::string>& CommonSections();

// One value of a row's configuration.
struct Setting {
  std::string path;  // a JSON pointer: "/quantizer/params/lr"
  std::string name;  // "lr"; where another part has one of that name, whose: "quantizer.batch"
  Json value;
  std::optional<Json> papers;  // the paper's value; none where nothing is known of one
  bool tells_apart = false;    // a row of the same name has another

  bool IsPapers() const { return papers && *papers == value; }
};

// "lr=scaled", for programs and --versus; "lr scaled", for people, who see digests cut.
std::string Assignment(const Setting& setting);
std::string Phrase(const Setting& setting);

// "scaled", "0.5": a value as people write it.
std::string ShownValue(const Json& value);

// How a method's parts are set in its paper, in the form of a configuration: {"quantizer":
// {"params": {…}}, "correct": {…}}. Null where the catalogue lacks one of the parts.
// `configuration` names them.
Json PapersConfiguration(const Json& configuration, const std::string& recipe,
                         const std::string& variant, const PaperSettings& papers);

// What `configuration` sets otherwise than PapersConfiguration, the important first: rates,
// iterations, images, batches, what distils, then by name.
std::vector<Setting> NotPapers(const Json& configuration, const Json& papers);

// A row whose name others have.
struct Namesake {
  Json configuration;
  const Json* papers = nullptr;  // its PapersConfiguration
  std::vector<Setting>* settings = nullptr;
};
// Adds to their settings as many of the values that differ as tell all of them apart.
void MarkDifferences(const std::vector<Namesake>& namesakes);

// Into the order of NotPapers.
void SortByImportance(std::vector<Setting>& settings);

}  // namespace zerosweep
