#include "storage/results/rows.h"

#include <stdexcept>

#include "base/enum_words.h"
#include "base/text.h"

namespace zerosweep {
namespace {

constexpr std::array kStates = {"open", "done", "failed", "cancelled"};

}  // namespace

const char* ToString(State state) { return kStates.at(static_cast<size_t>(state)); }

std::string ToString(const ResourceRequest& needs) {
  std::vector<std::string> parts;
  if (needs.gpu) parts.emplace_back("a GPU");
  if (needs.cpus > 0) parts.push_back(fmt::format("{} cores", needs.cpus));
  if (needs.memory > 0) parts.push_back(HumanBytes(needs.memory) + " of memory");
  if (parts.empty()) parts.emplace_back("one slot");
  if (needs.time > 0) parts.push_back("at most " + HumanSeconds(needs.time));
  return fmt::format("{}{}", needs.ranks > 1 ? fmt::format("{} ranks, each of ", needs.ranks) : "",
                     Join(parts, " and "));
}

Json ParamsOf(const StageRow& stage) {
  Json params = stage.design->params;
  if (stage.seed) params["seed"] = *stage.seed;
  return params;
}

StageSpec SpecOf(const StageRow& stage, const std::vector<StageRow>& stages) {
  StageSpec spec{stage.name, stage.design->kind, stage.design->revision, ParamsOf(stage), {}};
  for (size_t i = 0; i < stage.inputs.size(); ++i)
    spec.inputs[stage.design->roles[i]] = stages[stage.inputs[i]].name;
  return spec;
}

const StageRow& StageOf(const TrialRow& trial, const std::string& kind,
                        const std::vector<StageRow>& stages) {
  for (const size_t stage : trial.stages)
    if (stages[stage].design->kind == kind) return stages[stage];
  throw std::out_of_range("the trial has no stage of kind " + kind);
}

State StateFromString(const std::string& word) {
  if (const auto state = EnumOf<State>(kStates, word)) return *state;
  Fail(ErrorKind::kStorage, "unknown state '{}' in the database; run `zerosweep fsck`", word);
}

}  // namespace zerosweep
