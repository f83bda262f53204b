// Resolves all keys of a trial, for planner, patterns and rows. What trials share is resolved once.
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
                            // a dataset whose images are not resized
  bool usual_eval = false;  // whether that is how they were resized for the card's accuracy
  Protocol protocol;        // the treatment's, for this network

  const Method& method() const { return *treatment.method; }
  const Bits& bits() const { return *treatment.bits; }
};

// The folder in which relative paths of a sweep file start. For a sweep from a pipe or standard
// input it is the current folder.
std::filesystem::path FolderOfSweep(const std::filesystem::path& file);

// Every method throws kUsage at the value that is wrong. Arguments must outlive the resolver.
class TrialResolver {
 public:
  TrialResolver(const ExpandOptions& options, const Catalogue& catalogue,
                const TrialValues& values);

  // Accepts incomplete assignments.
  const Treatment& TreatmentOf(const Assignment& trial);
  // Null when the assignment names no model.
  const Model* ModelOf(const Assignment& trial);
  Seeds SeedsOf(const Assignment& trial) const;
  // REQUIRES: the assignment is complete.
  ResolvedTrial Resolve(const Assignment& trial);
  // The SplitFingerprint of the calibration images. REQUIRES: the dataset has them, or images that
  // stand in for them.
  const std::string& CalibrationOf(const ResolvedTrial& trial);

  const DigestCache& digests() const { return digests_; }
  // Warnings about what was resolved so far: files that image folders hold apart from images.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Protocol ProtocolFor(const Treatment& treatment, const Model& model) const;
  DataRoots RootsOf(const Assignment& trial) const;
  DatasetFiles& ImagesOf(const Model& model, const Assignment& trial);
  void Warn(const std::string& where, const std::string& warning);

  const ExpandOptions& options_;
  const Catalogue& catalogue_;
  const TrialValues& values_;
  std::filesystem::path sweep_folder_;
  DigestCache digests_;
  std::vector<std::string> warnings_;
  // Shared by trials: treatments, models, and the images of models; the last two also by `data`.
  std::map<decltype(Assignment::values), Treatment> treatments_;
  std::map<std::pair<const YamlNode*, const YamlNode*>, Model> models_;
  std::map<std::pair<const Declaration*, const YamlNode*>, DatasetFiles> images_;
};

}  // namespace zerosweep
