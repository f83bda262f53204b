// Baseline: calibration with Gaussian noise, which any data-free method has to beat.
#include "engine/synthesis/synthesizer.h"

namespace zerosweep {
namespace {

struct NoiseSettings {
  int64_t images = 0;
};

SyntheticData Synthesize(const SynthesisContext& context, const NoiseSettings& settings) {
  const std::vector<int64_t> shape = context.teacher.graph.BatchShape(settings.images);
  SyntheticData data;
  data.images = context.random.NormalForSamples(0, "noise", shape).to(context.teacher.device());
  return data;
}

const RegisterSynthesizer kNoise{
    {.name = "noise",
     .summary = "Gaussian images N(0, 1) in the teacher's normalised space: the lower baseline",
     .revision = 1,
     .uses_seed = true},
    Params<NoiseSettings>(
        Bind(&NoiseSettings::images,
             BudgetParam("images", {64, 256, 8}, "how many images", "images", ""))),
    Synthesize};

}  // namespace
}  // namespace zerosweep
