#include "engine/reconstruction/unit_draws.h"

#include <fmt/format.h>

#include <vector>

#include "engine/quant/site_hooks.h"

namespace zerosweep {

UnitDraws::UnitDraws(const RandomStreams& random, const Phase& phase, const Unit& unit)
    : random_(random),
      visit_(fmt::format(":{}:{}", phase.name, unit.name)),
      keep_quantized_(phase.keep_quantized) {}

torch::Tensor UnitDraws::Batch(int64_t step, int64_t count, int64_t images) const {
  RandomSequence draws = random_.Shared(static_cast<uint64_t>(step), Purpose("batch"));
  std::vector<int64_t> indices(static_cast<size_t>(count));
  for (int64_t& index : indices) index = draws.Below(static_cast<uint32_t>(images));
  return torch::tensor(indices, torch::kInt64);
}

torch::Tensor UnitDraws::Keep(int64_t step, std::string what, int reader,
                              const torch::Tensor& like) const {
  if (reader != kEveryReader) what += fmt::format(".{}", reader);
  return random_.KeepForSamples(static_cast<uint64_t>(step), Purpose(what), like, keep_quantized_);
}

}  // namespace zerosweep
