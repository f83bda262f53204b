// Small sweeps as rows: trials of methods × bits × seeds over one teacher, sharing their images.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "storage/results/results.h"
#include "storage/results/stage_text.h"

namespace zerosweep {

struct SweepRows {
  std::vector<TrialRow> trials;
  std::vector<StageRow> stages;  // inputs before users

  const StageRow& Stage(const std::string& name) const {
    for (const StageRow& stage : stages)
      if (stage.name == name) return stage;
    throw std::out_of_range(name);
  }
  const std::string& NameOf(const TrialRow& trial, const std::string& kind) const {
    return StageOf(trial, kind, stages).name;
  }
  // Adds the stage unless it exists, and returns its place. `inputs` are in the order of roles.
  size_t Add(StageDesign design, std::vector<size_t> inputs = {},
             std::optional<int64_t> seed = std::nullopt) {
    StageRow row{"", std::make_shared<const StageDesign>(std::move(design)), seed,
                 std::move(inputs)};
    row.name = SpecOf(row, stages).ComputeName();
    for (size_t i = 0; i < stages.size(); ++i)
      if (stages[i].name == row.name) return i;
    stages.push_back(std::move(row));
    return stages.size() - 1;
  }
};

struct CellRow {
  std::string dataset = "cifar10";
  std::string model = "resnet20";
  std::string method = "zeroq";
  double w_bits = 8, a_bits = 8;
  int64_t seed = 0;
  std::string protocol = "zeroq";
  Json params = Json::object();  // the synthesizer's
  std::string bits = "";         // "wmp4a8"; empty: from w_bits and a_bits
  int revision = 1;              // the quantizer's
  Json also = Json::object();  // JSON pointer → value in the configuration: {"/evaluate/limit": 9}
};

// Adds one trial with its four stages.
inline void AddCell(SweepRows& rows, const CellRow& cell) {
  const std::string bits =
      cell.bits.empty() ? fmt::format("w{:g}a{:g}", cell.w_bits, cell.a_bits) : cell.bits;
  Json synthesis = cell.params;
  synthesis["synthesizer"] = cell.method;
  const size_t teacher = rows.Add({.kind = "teacher",
                                   .implementation = "teacher",
                                   .params = {{"model", cell.model}, {"dataset", cell.dataset}}});
  const size_t images = rows.Add({.kind = "synthesize",
                                  .implementation = cell.method,
                                  .params = synthesis,
                                  .roles = {"teacher"}},
                                 {teacher}, cell.seed);
  Json quantization = {{"bits", bits}, {"protocol", cell.protocol}};
  quantization.update(cell.also);
  const size_t quantized = rows.Add({.kind = "quantize",
                                     .implementation = "minmax",
                                     .revision = cell.revision,
                                     .params = quantization,
                                     .roles = {"images", "teacher"}},
                                    {images, teacher});
  const size_t evaluated = rows.Add(
      {.kind = "evaluate", .implementation = "evaluate", .roles = {"quantized"}}, {quantized});
  Json resolved = {{"method", cell.method},
                   {"synthesizer", {{"name", cell.method}, {"params", cell.params}}},
                   {"quantizer", {{"name", "minmax"}, {"params", Json::object()}}},
                   {"dataset", {{"name", cell.dataset}}},
                   {"model", {{"name", cell.model}}},
                   {"protocol", {{"preset", cell.protocol}}},
                   {"bits", {{"name", bits}}}};
  for (const auto& [pointer, value] : cell.also.items())
    resolved[Json::json_pointer(pointer)] = value;
  TrialRow trial;
  trial.configuration =
      std::make_shared<const Configuration>(Configuration{.dataset = cell.dataset,
                                                          .model = cell.model,
                                                          .method = cell.method,
                                                          .synthesizer = cell.method,
                                                          .quantizer = "minmax",
                                                          .w_bits = cell.w_bits,
                                                          .a_bits = cell.a_bits,
                                                          .bits = bits,
                                                          .protocol = cell.protocol,
                                                          .variant = "code",
                                                          .resolved = resolved});
  trial.seeds = {cell.seed, cell.seed};
  trial.stages = {teacher, images, quantized, evaluated};
  trial.id = TrialName(rows.stages[evaluated].name, TrialTail(*trial.configuration));
  rows.trials.push_back(trial);
}

// The trial under another method's name.
inline TrialRow Renamed(TrialRow trial, const std::string& method) {
  Configuration configuration = *trial.configuration;
  configuration.method = method;
  trial.configuration = std::make_shared<const Configuration>(std::move(configuration));
  trial.id = Sha256Hex(method);
  return trial;
}

// Starts an attempt at a stage and finishes it with these metrics. Returns FinishAttempt's result.
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
inline void FinishTrial(ResultsWriter& writer, const std::vector<StageRow>& stages,
                        const TrialRow& trial, double top1, double teacher_top1 = 90) {
  const std::map<std::string, std::map<std::string, double>> metrics = {
      {"teacher", {{"fp32_top1", teacher_top1}, {"fp32_loss", 0.3}}},
      {"synthesize", {{"images", 256}, {"final_loss", 0.01}}},
      {"quantize",
       {{"size_bytes", 270000},
        {"bitops", 2.5e9},
        {"images_seen", 51200},
        {"lr_kd", 0.75},
        {"real_images", 10}}},
      {"evaluate",
       {{"top1", top1},
        {"loss", 0.4},
        {"agreement", 95},
        {"images", 10000},
        {"untrained_top1", top1 - 5},
        {"best_top1", top1 + 0.5},
        {"heldout_top1", top1 - 0.5}}}};
  for (const size_t place : trial.stages) {
    const StageRow& stage = stages[place];
    if (writer.Status(stage.name).state == State::kOpen)
      FinishStage(writer, stage.name, metrics.at(stage.design->kind));
  }
}

// The same on 100 images without labels, with these metrics of the evaluation.
inline void FinishUnlabelled(ResultsWriter& writer, const std::vector<StageRow>& stages,
                             const TrialRow& trial, std::map<std::string, double> evaluation) {
  evaluation["images"] = 100;
  for (const size_t place : trial.stages) {
    const StageRow& stage = stages[place];
    if (writer.Status(stage.name).state != State::kOpen) continue;
    const bool evaluates = stage.design->kind == "evaluate";
    FinishStage(writer, stage.name,
                evaluates ? evaluation : std::map<std::string, double>{{"images", 256}});
  }
}

}  // namespace zerosweep
