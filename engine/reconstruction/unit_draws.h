// Random draws of a unit in a phase of a reconstruction. The draws of a step are reproducible.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

#include "engine/graph/units.h"
#include "engine/random/streams.h"
#include "engine/reconstruction/reconstruction_settings.h"

namespace zerosweep {

class UnitDraws {
 public:
  UnitDraws(const RandomStreams& random, const Phase& phase, const Unit& unit);

  // Returns `count` indices of `images` images, drawn with replacement: int64.
  torch::Tensor Batch(int64_t step, int64_t count, int64_t images) const;
  // QDrop's drop: 1 where an element of `like` is quantized, otherwise 0. `what` and `reader` (a
  // node, or kEveryReader) distinguish the masks of a step.
  torch::Tensor Keep(int64_t step, std::string what, int reader, const torch::Tensor& like) const;

 private:
  std::string Purpose(const std::string& what) const { return what + visit_; }

  RandomStreams random_;
  std::string visit_;  // ":<phase>:<unit>"
  double keep_quantized_;
};

}  // namespace zerosweep
