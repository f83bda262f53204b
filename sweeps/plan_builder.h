// Turns resolved trials into rows: four stages each, and what mixed precision or the quantizer
// needs besides, shared by name.
//
//   teacher → synthesize (→ sensitivity, correct) → quantize → evaluate
//
// The revision in a name is the implementation's for synthesize and quantize, the kind's for the
// others.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>

#include "sweeps/plan.h"
#include "sweeps/trial_resolver.h"

namespace zerosweep {

class PlanBuilder {
 public:
  // Trials and stages are appended to `plan`.
  // At most `expected` trials will be added.
  PlanBuilder(const Catalogue& catalogue, TrialResolver& resolver, Plan& plan, size_t expected);

  // Throws kUsage for an incomplete trial, one that cannot be run (batch norms needed, real data
  // missing), and one that is the same as an earlier one. A trial that differs from an earlier one
  // only in what nothing in it uses (the seed of a method without chance) counts once.
  void Add(const Assignment& trial, const std::string& sweep_where);

  // Trials that coincided with others.
  size_t coincidences() const { return coincidences_; }

 private:
  // Notes the stages that many trials share in the row, named once for all of them.
  void KeepTeacher(const Assignment& trial, const Method& method, TrialRow& row);
  void KeepSynthesis(const Assignment& trial, const Method& method, TrialRow& row);
  StageRow Teacher(const Assignment& trial);
  StageRow Synthesize(const Assignment& trial, const TrialRow& row);
  // A stage of one kind that depends on the teacher and the images alone.
  StageRow OfImages(const std::string& kind, const StageParams& params, const TrialRow& row);
  StageRow Quantize(const Assignment& trial, const TrialRow& row);
  StageRow Evaluate(const Assignment& trial, const TrialRow& row);
  // Names the stage, keeps it if it is new and notes it in the row.
  static void TakeResources(const StageParams& params, StageRow& stage);
  void Keep(StageRow stage, const std::string& where, TrialRow& row);
  void CheckNeeds(const Assignment& trial, const Method& method);
  // A stage that reads images of the dataset: its name, the fingerprint of a split, the resizing.
  void ReadsData(const Assignment& trial, const std::string& fingerprint, StageRow& stage);
  // The configuration without seeds.
  std::shared_ptr<const Json> Config(const Assignment& trial, const TrialRow& row);
  Json MakeConfig(const Assignment& trial, const TrialRow& row);

  const Catalogue& catalogue_;
  TrialResolver& resolver_;
  Plan& plan_;
  std::unordered_map<std::string, size_t> stage_index_;
  std::unordered_map<std::string, std::pair<size_t, Assignment>> trial_index_;
  // What determines a shared stage → its name. The pointers are the resolver's own, one a value.
  std::map<std::tuple<const Model*, const DatasetFiles*, const StageParams*, Json>, std::string>
      teachers_;
  std::map<std::tuple<std::string, const Method*, const StageParams*, const DatasetFiles*, int64_t>,
           std::string>
      syntheses_;
  std::map<decltype(Assignment::values), std::shared_ptr<const Json>> configs_;  // without the seed
  size_t coincidences_ = 0;
};

}  // namespace zerosweep
