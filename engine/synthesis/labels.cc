#include "engine/synthesis/labels.h"

namespace zerosweep {

torch::Tensor DrawClasses(const RandomStreams& random, uint64_t step, std::string_view purpose,
                          int classes, int64_t first, int64_t count, int64_t each) {
  torch::Tensor labels = torch::empty({count, each}, torch::kInt64);
  int64_t* values = labels.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    RandomSequence draws = random.ForSample(step, purpose, static_cast<uint64_t>(first + i));
    for (int64_t k = 0; k < each; ++k)
      values[i * each + k] = draws.Below(static_cast<uint32_t>(classes));
  }
  return labels;
}

torch::Tensor UniformLabels(const RandomStreams& random, int classes, int64_t first,
                            int64_t count) {
  return DrawClasses(random, 0, "label", classes, first, count).flatten();
}

}  // namespace zerosweep
