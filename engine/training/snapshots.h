// A student at several points of its training, so that its best state can be reported with the
// last.
//
// Training never sees the test images. It keeps the networks and scores them on held-out images;
// the evaluate stage measures them all.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/catalogue/params.h"
#include "engine/loop/checkpoint.h"
#include "engine/quant/quantizer.h"
#include "engine/training/student.h"

namespace zerosweep {

// One snapshot before the first step, and `count` evenly over `steps`; the last is the trained
// network.
class Snapshots {
 public:
  Snapshots(int64_t count, int64_t steps) : count_(count), steps_(steps) {}
  static ParamSpec Param();  // "snapshots": how many

  // Call it with every number of steps done, including 0. Keeps the student when a snapshot is due.
  void OnStep(int64_t done, const Student& student);
  // Scores all snapshots on images (n×C×H×W) against the teacher's logits of them.
  void Score(QuantizedNetwork network, const torch::Tensor& images, const torch::Tensor& targets);

  const std::vector<Snapshot>& all() const { return all_; }
  void Save(const std::string& prefix, CheckpointState& state) const;
  void Restore(const std::string& prefix, const CheckpointState& state);

 private:
  int64_t count_, steps_;
  std::vector<Snapshot> all_;
};

// Writes snapshots.{safetensors,json} into `folder`, unless there are no snapshots.
void SaveSnapshots(const std::vector<Snapshot>& snapshots, const std::filesystem::path& folder);
std::vector<Snapshot> LoadSnapshots(const std::filesystem::path& folder);

}  // namespace zerosweep
