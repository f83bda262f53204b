#include "engine/synthesis/labels.h"

namespace zerosweep {

torch::Tensor UniformLabels(const RandomStreams& random, int classes, int64_t first,
                            int64_t count) {
  torch::Tensor labels = torch::empty({count}, torch::kInt64);
  int64_t* values = labels.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    values[i] = random.ForSample(0, "label", static_cast<uint64_t>(first + i))
                    .Below(static_cast<uint32_t>(classes));
  }
  return labels;
}

}  // namespace zerosweep
