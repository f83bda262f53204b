// What an assignment's values mean: methods, parameters, protocols, models. Each distinct value is
// looked at once, whatever the number of trials.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "sweeps/bits.h"
#include "sweeps/data_files.h"
#include "sweeps/methods.h"
#include "sweeps/model_files.h"
#include "sweeps/plan.h"
#include "sweeps/protocols.h"
#include "sweeps/sweep_spec.h"

namespace zerosweep {

// The parameters of one stage, resolved.
struct StageParams {
  Json all = Json::object();    // of the implementation, defaults included
  Json named = Json::object();  // those that go into the stage's name: neutral ones left out, the
                                // kind's own included
  int threads = 1;
  StageNeeds needs;
};

// How a trial runs rather than what it computes, as given for it.
struct Execution {
  std::string profile, variant;
  const YamlNode* ranks = nullptr;
  const YamlNode* dtype = nullptr;
  const YamlNode* resources = nullptr;
  auto operator<=>(const Execution&) const = default;
};

// `3` or `{synthesis: 0, quantize: 3}`.
Seeds ParseSeeds(const YamlNode& node);

// Every method throws kUsage at the value that is wrong. The nodes given must outlive the resolver.
class TrialResolver {
 public:
  TrialResolver(const ExpandOptions& options, const Catalogue& catalogue);

  // Null when the assignment names none (or half a pair).
  const Method* MethodOf(const Assignment& trial);
  const Bits* BitsOf(const Assignment& trial);
  const Bits& BitsAt(const YamlNode& node);
  const Model* ModelOf(const Assignment& trial);
  const Protocol& ProtocolOf(const Assignment& trial);
  Execution ExecutionOf(const Assignment& trial);
  Seeds SeedsOf(const Assignment& trial);
  const DatasetFiles& DataOf(const Assignment& trial);
  // SplitFingerprint of the calibration images.
  const std::string& CalibrationOf(const Assignment& trial);
  // How images in folders are resized for the trial's network: {"resize": r, "crop": c}; null for a
  // dataset whose images are taken as they are. Throws kUsage for a protocol that cannot be obeyed.
  Json EvalOf(const Assignment& trial);
  // Whether the images of the test are resized as the card's accuracy was measured.
  bool UsualEval(const Assignment& trial);
  // kind: "synthesize", "quantize", or "correct", set by the quantizer's block. REQUIRES:
  // MethodOf(trial) is not null.
  const StageParams& PartParams(const Assignment& trial, const std::string& kind);
  // kind: "teacher" or "evaluate": set by the `evaluate` block; "sensitivity": by the bits.
  const StageParams& KindParams(const Assignment& trial, const std::string& kind);

  // Looks at one value, so that a wrong one is reported even where no trial uses it.
  void Check(TrialKey key, const YamlNode& node);
  const DigestCache& digests() const { return digests_; }
  // About what was looked at so far: files that a folder of images holds besides them.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::filesystem::path DataFolderOf(const YamlNode& node) const;
  DataRoots RootsOf(const Assignment& trial) const;
  void NoteNeeds(const Part& part);
  void Warn(const std::string& where, const std::string& warning);
  void AddKindParams(const std::string& kind, const Json& given, const Execution& execution,
                     const Part& part, StageParams& params) const;

  const ExpandOptions& options_;
  const Catalogue& catalogue_;
  std::filesystem::path sweep_folder_;
  DigestCache digests_;
  std::vector<std::string> warnings_;
  bool real_data_ = false;  // some value of the sweep needs calibration images
  using Node = const YamlNode*;
  std::map<std::tuple<Node, Node, Node>, Method> methods_;
  std::map<Node, Bits> bits_;
  std::map<Node, Seeds> seeds_;
  std::map<std::pair<Node, Node>, Model> models_;
  std::map<std::pair<const Json*, Node>, DatasetFiles> datasets_;
  std::map<const DatasetFiles*, std::string> calibrations_;
  std::map<std::tuple<Node, const Method*, std::string>, Protocol> protocols_;  // by variant
  std::map<std::tuple<const Method*, std::string, Execution>, StageParams> part_params_;
  std::map<std::tuple<Node, std::string, Execution>, StageParams> kind_params_;
};

}  // namespace zerosweep
