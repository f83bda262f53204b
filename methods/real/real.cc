// Baseline: calibration with real images, without augmentation. A reference point, not a bound:
// under min–max, narrower synthetic ranges can win at 4 bits.
#include "base/error.h"
#include "engine/data/transform.h"
#include "engine/synthesis/synthesizer.h"

namespace zerosweep {
namespace {

SyntheticData Synthesize(const SynthesisContext& context) {
  const Dataset& dataset = *context.real_data;
  const int64_t wanted = context.params.at("images");
  const int64_t present = dataset.images.size(0);
  if (wanted > present) {
    Fail(ErrorKind::kUsage, "real: {} images asked for, but the calibration split of {} has {}",
         wanted, dataset.name, present);
  }
  const torch::Tensor chosen =
      context.random.Permutation(0, "real_images", static_cast<uint32_t>(present))
          .slice(0, 0, wanted);
  SyntheticData data;
  data.images =
      Normalise(dataset.images.index_select(0, chosen), context.teacher.mean, context.teacher.std)
          .to(context.teacher.device());
  data.labels = dataset.labels.index_select(0, chosen);
  return data;
}

const RegisterSynthesizer kReal{
    {.role = "synthesizer",
     .name = "real",
     .summary =
         "images of the dataset's calibration split, chosen by the seed: the reference with data",
     .revision = 1,
     .uses_seed = true,
     .needs = {"real_data"},
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
