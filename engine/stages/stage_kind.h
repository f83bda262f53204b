// A kind of stage: what `zerosweep-stage` runs for one `run` message. Registers itself with its
// declaration; a kind's declared parameters are those a sweep may set, its inputs
// and outputs are files of artifacts.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "contract/stage_messages.h"
#include "engine/catalogue/registry.h"
#include "engine/data/dataset.h"
#include "engine/graph/teacher.h"
#include "engine/loop/checkpoint.h"
#include "engine/loop/curve.h"
#include "engine/loop/progress.h"
#include "engine/parallel/group.h"

namespace zerosweep {

struct StageContext {
  const StageRun& run;
  const Declaration& declaration;
  torch::Device device;
  Progress& progress;
  Checkpoints& checkpoints;
  Group& group;                     // of processes that run this stage together
  std::filesystem::path staging;    // exists (see writes), empty; the kind writes its files here
  std::vector<std::string>& notes;  // what a person should know goes here, a sentence each

  const Json& params() const { return run.stage.params; }
  // Of a group only rank 0 has something to write, and a folder for it; its metrics count.
  bool writes() const { return group.rank() == 0; }
  // Those of the stage's parameters that the kind declares, and those of the synthesizer or
  // quantizer that the stage names.
  Json KindParams() const;
  Json MethodParams() const;
  uint64_t seed() const { return run.stage.params.value("seed", uint64_t{0}); }
  // Folder of an input artifact, and path of a file from outside. Throw kInternal when the control
  // program sent none.
  std::filesystem::path Input(const std::string& role) const;
  std::filesystem::path File(const std::string& role) const;
  // A split of the dataset that the stage names, checked against the fingerprint in the stage's
  // parameters; images of folders are resized as its "eval" says. Throws kUsage.
  Dataset LoadSplit(const std::string& split) const;
};

// Writes curve.json ({term: {"x": […], "y": […]}}) into `folder`, unless there are none.
void SaveCurves(const Json& curves, const std::filesystem::path& folder);
void SaveCurves(const Curves& curves, const std::filesystem::path& folder);
// Writes samples.png, the grid of the first of these images of the teacher's space (N×C×H×W; see
// engine/data/sample_grid.h), into `folder`.
void SaveSamples(const torch::Tensor& images, const Teacher& teacher,
                 const std::filesystem::path& folder);

using StageMetrics = std::map<std::string, double>;
using StageKindRegistry = Registry<Role::kKind, StageContext, StageMetrics>;
using RegisterStageKind = StageKindRegistry::Register;

// The teacher's artifact: teacher.safetensors, teacher.json, predictions.bin (int32, one an image
// of the test split).
void SaveTeacher(const Teacher& teacher, const std::filesystem::path& folder);
Teacher LoadTeacher(const std::filesystem::path& folder, torch::Device device);

}  // namespace zerosweep
