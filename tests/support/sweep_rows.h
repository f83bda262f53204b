// Small sweeps as rows: trials of methods × bits × seeds over one teacher, sharing their images.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "storage/results.h"

namespace zerosweep {

struct SweepRows {
  std::vector<TrialRow> trials;
  std::vector<StageRow> stages;  // inputs before users

  const StageRow& Stage(const std::string& name) const {
    for (const StageRow& stage : stages) {
      if (stage.spec.name == name) return stage;
    }
    throw std::out_of_range(name);
  }
  // Adds the stage unless it is there and returns its name.
  std::string Add(StageRow stage) {
    stage.spec.name = stage.spec.ComputeName();
    for (const StageRow& known : stages) {
      if (known.spec.name == stage.spec.name) return known.spec.name;
    }
    stages.push_back(stage);
    return stage.spec.name;
  }
};

struct CellRow {
  std::string dataset = "cifar10";
  std::string model = "resnet20";
  std::string method = "zeroq";
  double w_bits = 8, a_bits = 8;
  int64_t seed = 0;
  std::string protocol = "zeroq";
  Json params = Json::object();  // of the synthesizer
  std::string bits = "";         // "wmp4a8"; empty: as w_bits and a_bits say
};

// Adds one trial with its four stages.
inline void AddCell(SweepRows& rows, const CellRow& cell) {
  const std::string teacher = rows.Add(
      {.spec = {.kind = "teacher", .params = {{"model", cell.model}, {"dataset", cell.dataset}}},
       .implementation = "teacher"});
  const std::string bits =
      cell.bits.empty() ? fmt::format("w{:g}a{:g}", cell.w_bits, cell.a_bits) : cell.bits;
  Json synthesis = cell.params;
  synthesis["seed"] = cell.seed;
  synthesis["synthesizer"] = cell.method;
  const std::string images = rows.Add(
      {.spec = {.kind = "synthesize", .params = synthesis, .inputs = {{"teacher", teacher}}},
       .implementation = cell.method});
  const std::string quantized =
      rows.Add({.spec = {.kind = "quantize",
                         .params = {{"bits", bits}, {"protocol", cell.protocol}},
                         .inputs = {{"teacher", teacher}, {"images", images}}},
                .implementation = "minmax"});
  const std::string evaluated =
      rows.Add({.spec = {.kind = "evaluate", .inputs = {{"quantized", quantized}}},
                .implementation = "evaluate"});
  TrialRow trial{.dataset = cell.dataset,
                 .model = cell.model,
                 .method = cell.method,
                 .synthesizer = cell.method,
                 .quantizer = "minmax",
                 .w_bits = cell.w_bits,
                 .a_bits = cell.a_bits,
                 .bits = bits,
                 .seed = cell.seed,
                 .protocol = cell.protocol,
                 .variant = "code",
                 .config = std::make_shared<const Json>(Json{{"method", cell.method},
                                                             {"synthesizer", cell.params},
                                                             {"dataset", cell.dataset},
                                                             {"model", cell.model},
                                                             {"protocol", cell.protocol},
                                                             {"bits", bits}}),
                 .seeds = {{"synthesis", cell.seed}},
                 .stages = {{"teacher", teacher},
                            {"synthesize", images},
                            {"quantize", quantized},
                            {"evaluate", evaluated}}};
  trial.id = Sha256Hex(cell.method + cell.protocol + evaluated);
  rows.trials.push_back(trial);
}

// Starts an attempt at a stage and finishes it with these metrics. Returns what FinishAttempt said.
inline bool FinishStage(ResultsWriter& writer, const std::string& stage,
                        const std::map<std::string, double>& metrics = {}, double seconds = 1) {
  const std::string attempt = NewUuid();
  writer.StartAttempt({.id = attempt, .stage = stage, .worker = "node/slot 0", .device = "cpu"});
  return writer.FinishAttempt({.attempt = attempt,
                               .stage = stage,
                               .artifact = Sha256Hex("artifact of " + stage),
                               .inputs = {},
                               .metrics = metrics,
                               .signature = {{"cpu", "test"}, {"threads", 1}},
                               .seconds = seconds,
                               .bytes = 1000});
}

// Finishes all stages of a trial that are not done yet.
inline void FinishTrial(ResultsWriter& writer, const TrialRow& trial, double top1,
                        double teacher_top1 = 90) {
  const std::map<std::string, std::map<std::string, double>> metrics = {
      {"teacher", {{"fp32_top1", teacher_top1}, {"fp32_loss", 0.3}}},
      {"synthesize", {{"images", 256}, {"final_loss", 0.01}}},
      {"quantize", {{"size_bytes", 270000}, {"bitops", 2.5e9}}},
      {"evaluate", {{"top1", top1}, {"loss", 0.4}, {"agreement", 95}, {"images", 10000}}}};
  for (const char* kind : {"teacher", "synthesize", "quantize", "evaluate"}) {
    const std::string& stage = trial.stages.at(kind);
    if (writer.Status(stage).state == State::kOpen) FinishStage(writer, stage, metrics.at(kind));
  }
}

}  // namespace zerosweep
