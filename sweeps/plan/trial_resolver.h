// A trial with all its keys resolved: planner, patterns and rows read it. What trials share is
// resolved once, whatever their number.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "sweeps/plan/plan.h"
#include "sweeps/plan/treatment.h"
#include "sweeps/values/data_files.h"
#include "sweeps/values/model_files.h"

namespace zerosweep {

// REQUIRES: the trial is complete: it has a method, bits and a model.
struct ResolvedTrial {
  const Treatment& treatment;
  const Model& model;
  DatasetFiles& images;     // of the model's dataset
  Json eval;                // how images in folders are resized: {"resize": r, "crop": c}; null for
                            // a dataset whose images are taken as they are
  bool usual_eval = false;  // they are resized as the card's accuracy was measured

  const Method& method() const { return *treatment.method; }
  const Bits& bits() const { return *treatment.bits; }
};

// What relative paths of a sweep file start from. A sweep that no file holds is at home where it is
// read.
std::filesystem::path FolderOfSweep(const std::filesystem::path& file);

// Every method throws kUsage at the value that is wrong. Arguments must outlive the resolver.
class TrialResolver {
 public:
  TrialResolver(const ExpandOptions& options, const Catalogue& catalogue,
                const TrialValues& values);

  // Also of an incomplete assignment.
  const Treatment& TreatmentOf(const Assignment& trial);
  // Null when the assignment names no model.
  const Model* ModelOf(const Assignment& trial);
  Seeds SeedsOf(const Assignment& trial) const;
  // REQUIRES: the assignment is complete.
  ResolvedTrial Resolve(const Assignment& trial);
  // SplitFingerprint of the calibration images. REQUIRES: the dataset has them, or those that stand
  // in for them.
  const std::string& CalibrationOf(const ResolvedTrial& trial);

  const DigestCache& digests() const { return digests_; }
  // About what was looked at so far: files that a folder of images holds besides them.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  DataRoots RootsOf(const Assignment& trial) const;
  DatasetFiles& ImagesOf(const Model& model, const Assignment& trial);
  void Warn(const std::string& where, const std::string& warning);

  const ExpandOptions& options_;
  const Catalogue& catalogue_;
  const TrialValues& values_;
  std::filesystem::path sweep_folder_;
  DigestCache digests_;
  std::vector<std::string> warnings_;
  // What trials share: how they are computed, their model and its images, both also by `data`.
  std::map<decltype(Assignment::values), Treatment> treatments_;
  std::map<std::pair<const YamlNode*, const YamlNode*>, Model> models_;
  std::map<std::pair<const Declaration*, const YamlNode*>, DatasetFiles> images_;
};

}  // namespace zerosweep
