// Random draws of a unit in a phase of a reconstruction: those of a step can be made again.
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

  // `count` of `images` images, with replacement: int64.
  torch::Tensor Batch(int64_t step, int64_t count, int64_t images) const;
  // QDrop's drop: 1 where an element of `like` is quantized, else 0. `what` and `reader` (a node,
  // or kEveryReader) tell the masks of a step apart.
  torch::Tensor Keep(int64_t step, std::string what, int reader, const torch::Tensor& like) const;

 private:
  std::string Purpose(const std::string& what) const { return what + visit_; }

  RandomStreams random_;
  std::string visit_;  // ":<phase>:<unit>"
  double keep_quantized_;
};

}  // namespace zerosweep
