// Joint methods on the network of tests/golden/make_joint_golden.py, with the script's results.
#pragma once

#include <torch/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/loop/checkpoint.h"
#include "engine/quant/quantizer.h"
#include "tests/support/engine/quiet_progress.h"

namespace zerosweep {

const Json& JointGolden();  // joint.json

// The teacher in double precision, in which the script and the tests compute.
Teacher JointGoldenTeacher();

// The script's summary of a large tensor: its norm, and its product with a fill of its name.
std::vector<double> SummaryOf(const std::string& name, const torch::Tensor& tensor);

// A joint method on that teacher, with one real image per class.
class GoldenTraining {
 public:
  GoldenTraining(const std::string& method, const Json& given);

  // The state at step `to` of a training that continues from `from`.
  CheckpointState Run(const std::optional<CheckpointState>& from, int64_t to);
  // A training's state before its first step, as if it were at `step`.
  CheckpointState At(int64_t step);

  const Json& params() const { return params_; }

 private:
  const QuantizerRegistry::Entry& entry_;
  Json params_;
  Teacher teacher_;
  Dataset real_;
  torch::Tensor images_;
  Protocol protocol_;
  QuietProgress progress_;
};

}  // namespace zerosweep
