// A kind of stage, which `zerosweep-stage` runs for one `run` message. It registers itself with its
// declaration: its parameters are those that a sweep may set; its inputs and outputs are files of
// artifacts.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
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

// How the parameters of a stage say that images of folders are resized ("eval"). Nothing stands for
// the shape that the dataset declares.
std::optional<EvalTransform> TransformOf(const Json& params);

struct StageContext {
  const StageRun& run;
  const Declaration& declaration;
  torch::Device device;
  Progress& progress;
  Checkpoints& checkpoints;
  Group& group;                     // the processes that run this stage together
  std::filesystem::path staging;    // exists (see writes), empty; the kind writes its files here
  std::vector<std::string>& notes;  // information for the user, one sentence each

  const Json& params() const { return run.stage.params; }
  // In a group only rank 0 writes files and has a folder for them; only its metrics count.
  bool writes() const { return group.rank() == 0; }
  // The stage's parameters that the kind declares, and those of the synthesizer or quantizer that
  // the stage names.
  Json KindParams() const;
  Json MethodParams() const;
  uint64_t seed() const { return run.stage.params.value("seed", uint64_t{0}); }
  // Folder of an input artifact, and path of an external file. Both throw kInternal when the
  // control program sent none.
  std::filesystem::path Input(const std::string& role) const;
  std::filesystem::path File(const std::string& role) const;
  // Loads a split of the dataset that the stage names, checked against the fingerprint in the
  // stage's parameters. Images of folders are resized by TransformOf. Throws kUsage.
  Dataset LoadSplit(const std::string& split) const;
};

// Writes curve.json ({term: {"x": […], "y": […]}}) into `folder`, unless there are none.
void SaveCurves(const Json& curves, const std::filesystem::path& folder);
void SaveCurves(const Curves& curves, const std::filesystem::path& folder);
// Writes samples.png into `folder`: a grid of the first of these images, which are in the teacher's
// space (N×C×H×W; see engine/data/sample_grid.h).
void SaveSamples(const torch::Tensor& images, const Teacher& teacher,
                 const std::filesystem::path& folder);

using StageMetrics = std::map<std::string, double>;
using StageKindRegistry = Registry<Role::kKind, StageContext, StageMetrics>;
using RegisterStageKind = StageKindRegistry::Register;

// The teacher's artifact: teacher.safetensors, teacher.json, predictions.bin (of a classifier:
// int32, one per image of the test split).
void SaveTeacher(const Teacher& teacher, const std::filesystem::path& folder);
Teacher LoadTeacher(const std::filesystem::path& folder, torch::Device device);

}  // namespace zerosweep
