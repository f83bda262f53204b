// A sweep expanded: its trials and the stages they share.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "storage/home/home.h"
#include "storage/results/rows.h"
#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/plan/work.h"
#include "sweeps/values/catalogue.h"
#include "sweeps/values/digest_cache.h"

namespace zerosweep {

// Weights or images that some stages will read, for the stage program to look at before.
struct InputCheck {
  std::string where;             // of the model in the sweep
  std::string split;             // of the images
  Json params = Json::object();  // of the stage; those that say what is read
  std::map<std::string, std::string> files;
};

struct Plan {
  std::string sweep;                  // its name
  std::string source;                 // YAML text as read
  Json resolved;                      // after include and --set
  std::vector<TrialRow> trials;       // distinct
  std::vector<StageRow> stages;       // distinct, inputs before users
  std::vector<std::string> warnings;  // "exclude at sweep.yaml:9 matches no trial"
  std::vector<InputCheck> checks;     // distinct
  WorkFacts work;                     // what its catalogue says that prices are told from
};

struct ExpandOptions {
  std::filesystem::path file;
  std::vector<std::string> overrides;  // "key=value" of --set
  std::string data;  // data folder over the sweep's own ($ZEROSWEEP_DATA); may be empty
  int threads = 0;   // --threads; 0: as kinds and profile declare
  std::vector<std::filesystem::path> model_folders;  // where shipped models and their cards lie
  Home home;                // its digest cache is used, and kept when the home exists
  ReadingProgress reading;  // may be empty
};

// Reads, validates and expands. Every defect of the file is one Error(kUsage): "sweep.yaml:7:
// unknown key 'itertions', did you mean 'iterations'?". Writes nothing but the digest cache of an
// existing home.
Plan ExpandSweep(const ExpandOptions& options, const Catalogue& catalogue);
// The same for a sweep that no file holds: every `where` of `root` starts a message, relative paths
// start in the folder of `options.file`, `overrides` are not looked at, and the plan's source is
// the tree as JSON, which is YAML.
Plan ExpandSweep(YamlNode root, const ExpandOptions& options, const Catalogue& catalogue);

}  // namespace zerosweep
