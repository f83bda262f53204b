// A network saved at a step of its training.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace zerosweep {

struct Snapshot {
  int64_t step = 0;                            // training steps done
  std::map<std::string, torch::Tensor> state;  // QuantizedNetwork::State
  std::optional<double> heldout_loss;  // KL(teacher ‖ student) on held-out images, nats per image
};

}  // namespace zerosweep
