// Baseline: calibration with Gaussian noise. What any data-free method has to beat.
#include "engine/synthesis/synthesizer.h"

namespace zerosweep {
namespace {

SyntheticData Synthesize(const SynthesisContext& context) {
  std::vector<int64_t> shape = context.teacher.graph.input_shape;
  shape.insert(shape.begin(), context.params.at("images").get<int64_t>());
  SyntheticData data;
  data.images = context.random.NormalForSamples(0, "noise", shape).to(context.teacher.device());
  return data;
}

const RegisterSynthesizer kNoise{
    {.role = "synthesizer",
     .name = "noise",
     .summary = "Gaussian images N(0, 1) in the teacher's normalised space: the lower baseline",
     .revision = 1,
     .uses_seed = true,
     .params = {{.name = "images",
                 .type = "int",
                 .default_value = 64,
                 .meaning = "how many images",
                 .unit = "images",
                 .min = 1,
                 .profiles = {{"smoke", 8}}}}},
    Synthesize};

}  // namespace
}  // namespace zerosweep
