// Baseline: calibration with Gaussian noise. What any data-free method has to beat.
#include "engine/catalogue/params.h"
#include "engine/synthesis/synthesizer.h"

namespace zerosweep {
namespace {

SyntheticData Synthesize(const SynthesisContext& context) {
  const std::vector<int64_t> shape = context.teacher.graph.BatchShape(context.params.at("images"));
  SyntheticData data;
  data.images = context.random.NormalForSamples(0, "noise", shape).to(context.teacher.device());
  return data;
}

const RegisterSynthesizer kNoise{
    {.name = "noise",
     .summary = "Gaussian images N(0, 1) in the teacher's normalised space: the lower baseline",
     .revision = 1,
     .uses_seed = true,
     .params = {BudgetParam("images", {64, 256, 8}, "how many images", "images", "")}},
    Synthesize};

}  // namespace
}  // namespace zerosweep
