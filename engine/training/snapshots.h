// A student at several points of its training, so that the best one can be told beside the last.
//
// Training never sees the test images: it keeps the networks, scores them on images that were held
// out of it, and the evaluate stage measures them all.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/catalogue/params.h"
#include "engine/loop/checkpoint.h"
#include "engine/quant/quantized_network.h"
#include "engine/quant/snapshot.h"
#include "engine/training/student.h"

namespace zerosweep {

// One before the first step, and `count` evenly over `steps`: the last is the trained network.
class Snapshots {
 public:
  Snapshots(int64_t count, int64_t steps) : count_(count), steps_(steps) {}
  static ParamSpec Param();  // "snapshots", their count

  // Call with every number of steps done, 0 included: keeps the student when it is time to.
  void Offer(int64_t done, const Student& student);
  // Scores all on images (n×C×H×W) and the teacher's logits of them.
  void Score(QuantizedNetwork network, const torch::Tensor& images, const torch::Tensor& targets);

  const std::vector<Snapshot>& all() const { return all_; }
  void Save(const std::string& prefix, CheckpointState& state) const;
  void Restore(const std::string& prefix, const CheckpointState& state);

 private:
  int64_t count_, steps_;
  std::vector<Snapshot> all_;
};

// snapshots.{safetensors,json} in `folder`; nothing where there are none.
void SaveSnapshots(const std::vector<Snapshot>& snapshots, const std::filesystem::path& folder);
std::vector<Snapshot> LoadSnapshots(const std::filesystem::path& folder);

}  // namespace zerosweep
