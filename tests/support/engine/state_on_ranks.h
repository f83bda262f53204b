// The state of a training on one rank and on several.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/engine/group_of_threads.h"
#include "tests/support/engine/memory_checkpoints.h"

namespace zerosweep {

using TrainingState = std::map<std::string, torch::Tensor>;

// The tensors of `train(group, checkpoints)` after `steps` steps on `ranks` ranks, and the last
// value of each curve as "NAME.curve". They are rank 0's; the other ranks must have the same.
inline TrainingState StateOnRanks(int ranks, int64_t steps,
                                  const std::function<void(Group&, Checkpoints&)>& train) {
  std::vector<TrainingState> states(static_cast<size_t>(ranks));
  const auto body = [&](Group& group) {
    MemoryCheckpoints checkpoints(steps);
    try {
      train(group, checkpoints);
    } catch (const Error& error) {
      if (error.failure() != Failure::kInterrupted) throw;
    }
    CheckpointState state = *checkpoints.Restore();
    for (const auto& [name, curve] : state.values.at("curves").items())
      state.tensors[name + ".curve"] =
          torch::tensor(curve.at("last").get<double>(), torch::kFloat64);
    states[static_cast<size_t>(group.rank())] = std::move(state.tensors);
  };
  if (ranks == 1) {
    SoloGroup alone;
    body(alone);
  } else {
    RunRanks(ranks, body);
  }
  for (const TrainingState& state : states)
    for (const auto& [key, tensor] : state)
      if (!torch::equal(tensor, states[0].at(key))) {
        ADD_FAILURE() << "ranks differ in " << key << " by "
                      << (tensor - states[0].at(key)).abs().max().item<double>();
      }
  return states[0];
}

// The largest difference of a tensor, relative to its norm, over the tensors whose name ends with
// `end`.
inline double Difference(const TrainingState& a, const TrainingState& b,
                         const std::string& end = "") {
  double most = 0;
  EXPECT_EQ(a.size(), b.size());
  for (const auto& [key, tensor] : a) {
    if (!key.ends_with(end)) continue;
    const double difference = (tensor - b.at(key)).to(torch::kFloat64).norm().item<double>();
    const double norm = tensor.to(torch::kFloat64).norm().item<double>();
    most = std::max(most, difference / std::max(norm, 1e-12));
  }
  return most;
}

}  // namespace zerosweep
