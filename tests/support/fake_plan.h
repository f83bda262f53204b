// Plans of fake stages (fake_stage_main.cc) and sessions that run them.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "cluster/run/session.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// One stage from {"name", "inputs": [names], "params", "ranks"}, named by its real digest. `places`
// holds the places of the stages before it by their names in the list.
inline StageRow FakeStage(const Json& json, const std::map<std::string, size_t>& places,
                          const std::vector<StageRow>& stages) {
  StageDesign design;
  design.kind = json.at("name");  // unique, as a trial has one stage per kind
  design.implementation = "fake";
  design.params = json.value("params", Json::object());
  design.params["label"] = json.at("name");
  design.needs.ranks = json.value("ranks", 1);
  StageRow row;
  design.roles = json.value("inputs", std::vector<std::string>());
  std::sort(design.roles.begin(), design.roles.end());
  for (const std::string& input : design.roles) row.inputs.push_back(places.at(input));
  row.design = std::make_shared<const StageDesign>(std::move(design));
  row.name = SpecOf(row, stages).ComputeName();
  return row;
}

// The name of the trial whose last stage has this name in the list.
inline std::string FakeTrialId(const std::string& label) { return Sha256Hex("trial " + label); }

// The trial that ends with `last`, a stage that no other needs, and consists of it and all stages
// that it needs.
inline TrialRow FakeTrial(size_t last, const std::vector<StageRow>& stages) {
  const std::string label = stages[last].design->params.at("label");
  Configuration configuration;
  configuration.dataset = "none";
  configuration.model = "fake";
  configuration.method = label;
  configuration.synthesizer = configuration.quantizer = "fake";
  configuration.protocol = "none";
  configuration.variant = "fixed";
  TrialRow trial;
  trial.id = FakeTrialId(label);
  trial.configuration = std::make_shared<const Configuration>(std::move(configuration));
  std::set<size_t> needed = {last};
  for (size_t stage = last + 1; stage-- > 0;) {
    if (!needed.contains(stage)) continue;
    needed.insert(stages[stage].inputs.begin(), stages[stage].inputs.end());
  }
  trial.stages.assign(needed.begin(), needed.end());
  return trial;
}

// Changes the design of a stage of the plan, but not its name.
template <typename Change>
void Redesign(Plan& plan, size_t stage, Change change) {
  StageDesign design = *plan.stages[stage].design;
  change(design);
  plan.stages[stage].design = std::make_shared<const StageDesign>(std::move(design));
}

inline Placement EndlessRoom() {
  Placement placement;
  placement.AddNode(0, {.slots = 1000});
  return placement;
}

// The next stage to start, on unlimited room, at a time when every back-off is over.
inline std::optional<size_t> TakeAnywhere(Scheduler& scheduler) {
  Placement placement = EndlessRoom();
  const auto start = scheduler.TakeNext(1e9, placement);
  return start ? std::optional(start->stage) : std::nullopt;
}

// REQUIRES: users come after their inputs.
inline Plan FakePlan(const Json& stages) {
  Plan plan;
  plan.sweep = "fake";
  plan.source = stages.dump();
  plan.resolved = Json::object();
  std::map<std::string, size_t> places;
  std::set<size_t> needed;
  for (const Json& json : stages) {
    plan.stages.push_back(FakeStage(json, places, plan.stages));
    places[json.at("name")] = plan.stages.size() - 1;
    needed.insert(plan.stages.back().inputs.begin(), plan.stages.back().inputs.end());
  }
  for (size_t i = 0; i < plan.stages.size(); ++i)
    if (!needed.contains(i)) plan.trials.push_back(FakeTrial(i, plan.stages));
  return plan;
}

// A session whose stages are fake_stage processes; plain output.
inline SessionOptions FakeSession(const Home& home, int slots) {
  SessionOptions session;
  session.coordinator.home = home;
  session.coordinator.slots.slots = slots;
  session.worker.stage.home = home;
  session.worker.stage.program = ProgramFolder() / "fake_stage";
  session.worker.stage.catalogue_digest = "fake";
  session.worker.node = "node";
  session.scheduler.back_off = 0.01;
  session.run = NewUuid();
  return session;
}

}  // namespace zerosweep
