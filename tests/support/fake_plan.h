// Plans of fake stages (fake_stage_main.cc) and sessions that run them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "cluster/session.h"
#include "sweeps/plan.h"

namespace zerosweep {

// One stage of {"name", "inputs": [names], "params"}: named by its real digest.
inline StageRow FakeStage(const Json& json, const std::map<std::string, std::string>& digests) {
  StageRow row;
  row.spec.kind = "fake";
  row.spec.params = json.value("params", Json::object());
  row.spec.params["label"] = json.at("name");
  for (const std::string& input : json.value("inputs", std::vector<std::string>()))
    row.spec.inputs[input] = digests.at(input);
  row.spec.name = row.spec.ComputeName();
  row.implementation = "fake";
  return row;
}

// A stage that no other needs ends a trial, which consists of it and all that it needs.
inline TrialRow FakeTrial(const std::string& label, const StageRow& last,
                          const std::map<std::string, StageRow>& by_name) {
  TrialRow trial;
  trial.id = "trial-" + label;
  trial.dataset = "none";
  trial.model = "fake";
  trial.method = label;
  trial.synthesizer = trial.quantizer = "fake";
  trial.protocol = "none";
  trial.variant = "fixed";
  std::vector<const StageRow*> waiting = {&last};
  while (!waiting.empty()) {
    const StageRow* stage = waiting.back();
    waiting.pop_back();
    trial.stages[stage->spec.params.at("label")] = stage->spec.name;
    for (const auto& [role, name] : stage->spec.inputs) waiting.push_back(&by_name.at(name));
  }
  return trial;
}

inline Placement EndlessRoom() {
  Placement placement;
  placement.AddNode(0, {.slots = 1000});
  return placement;
}

// The next stage, wherever, at a time when every back-off is over.
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
  std::map<std::string, std::string> digests;
  std::map<std::string, StageRow> by_name;
  std::set<std::string> needed;
  for (const Json& json : stages) {
    StageRow row = FakeStage(json, digests);
    digests[json.at("name")] = row.spec.name;
    by_name[row.spec.name] = row;
    for (const auto& [role, name] : row.spec.inputs) needed.insert(name);
    plan.stages.push_back(std::move(row));
  }
  for (const StageRow& row : plan.stages) {
    if (needed.contains(row.spec.name)) continue;
    plan.trials.push_back(FakeTrial(row.spec.params.at("label"), row, by_name));
  }
  return plan;
}

// A session whose stages are fake_stage processes; plain output.
inline SessionOptions FakeSession(const Home& home, int slots) {
  SessionOptions session;
  session.coordinator.home = home;
  session.coordinator.slots.slots = slots;
  session.coordinator.slots.device = "cpu";
  session.worker.stage.home = home;
  session.worker.stage.program = ProgramFolder() / "fake_stage";
  session.worker.stage.catalogue_digest = "fake";
  session.worker.node = "node";
  session.scheduler.back_off = 0.01;
  session.run = NewUuid();
  return session;
}

}  // namespace zerosweep
