// An expanded sweep: its trials and the stages that they share.
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
#include "sweeps/values/model_files.h"

namespace zerosweep {

// Weights or images that stages will read, for the stage program to check beforehand.
struct InputCheck {
  std::string where;             // where the sweep names the model
  std::string split;             // of the images
  Json params = Json::object();  // the stage's parameters that identify what is read
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
  WorkFacts work;                     // facts of the catalogue from which prices are computed
};

// What this machine contributes to a plan.
struct PlanOptions {
  std::string data;  // searched before all other data folders ($ZEROSWEEP_DATA); may be empty
  int threads = 0;   // of every stage (--threads); 0: as kinds and profile declare, or as recorded
  std::vector<std::filesystem::path> model_folders;  // folders of shipped models and their cards
  Home home;                                         // whose digest cache is used
  ReadingProgress reading;                           // may be empty
  NetworkInspector inspect;                          // may be empty
};

struct ExpandOptions : PlanOptions {
  std::filesystem::path file;
  std::vector<std::string> overrides;  // "key=value" of --set
};

// Reads, validates and expands a sweep. Every defect of the file is one Error(kUsage):
// "sweep.yaml:7: unknown key 'itertions', did you mean 'iterations'?". Writes nothing but the
// digest cache of an existing home.
Plan ExpandSweep(const ExpandOptions& options, const Catalogue& catalogue);
// Expands a sweep without a file. Every `where` of `root` starts a message, and relative paths
// start in the folder of `options.file`. `options.overrides` is ignored. The plan's source is the
// tree as JSON, which is valid YAML.
Plan ExpandSweep(YamlNode root, const ExpandOptions& options, const Catalogue& catalogue);

}  // namespace zerosweep
