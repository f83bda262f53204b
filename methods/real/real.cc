// Baseline: calibration with real images. It is a reference point, not a bound: under min–max, the
// narrower ranges of synthetic images can win at 4 bits.
#include <algorithm>

#include "base/error.h"
#include "engine/data/random_crop.h"
#include "engine/data/transform.h"
#include "engine/synthesis/synthesizer.h"

namespace zerosweep {
namespace {

// The released codes draw random crops of ImageNet's images; 8 % of a 32×32 image would be 9×9
// pixels.
constexpr int64_t kSmallSide = 64;

struct RealSettings {
  enum class Augmentation { kNone, kRandomResizedCrop, kAuto };

  int64_t images = 0;
  Augmentation augmentation = Augmentation::kNone;
};
using Augmentation = RealSettings::Augmentation;

Params<RealSettings> RealParams() {
  return {Bind(&RealSettings::images,
               BudgetParam("images", {64, 256, 8}, "how many images", "images", "")),
          Bind(&RealSettings::augmentation,
               {.name = "augmentation",
                .default_value = "none",
                .meaning = "none: the image as it is evaluated (Genie); random_resized_crop: 8 to "
                           "100 % of it, resized and mirrored by chance (BRECQ, QDrop, PD-Quant); "
                           "auto: none for sides up to 64 pixels, else crops",
                .source = "authors' code, BRECQ data/imagenet.py",
                .neutral = "none"},
               {{"none", Augmentation::kNone},
                {"random_resized_crop", Augmentation::kRandomResizedCrop},
                {"auto", Augmentation::kAuto}})};
}

bool Augments(const Teacher& teacher, Augmentation augmentation) {
  if (augmentation != Augmentation::kAuto) return augmentation == Augmentation::kRandomResizedCrop;
  const std::vector<int64_t>& shape = teacher.graph.input_shape;
  return std::max(shape[1], shape[2]) > kSmallSide;
}

SyntheticData Synthesize(const SynthesisContext& context, const RealSettings& settings) {
  const Dataset& dataset = *context.real_data;
  const int64_t wanted = settings.images;
  const int64_t present = dataset.size();
  if (wanted > present) {
    Fail(ErrorKind::kUsage, "real: {} images asked for, but the calibration split of {} has {}",
         wanted, dataset.name, present);
  }
  const torch::Tensor chosen =
      context.random.Permutation(0, "real_images", static_cast<uint32_t>(present))
          .slice(0, 0, wanted);
  const int64_t* first = chosen.const_data_ptr<int64_t>();
  const std::vector<int64_t> indices(first, first + wanted);
  const torch::Tensor images =
      Augments(context.teacher, settings.augmentation)
          ? LoadRandomCrops(*dataset.images, indices, context.random, /*step=*/0)
          : dataset.images->Load(indices);
  SyntheticData data;
  data.images =
      Normalise(images, context.teacher.mean, context.teacher.std).to(context.teacher.device());
  if (dataset.is_labelled()) data.labels = dataset.labels.index_select(0, chosen);
  return data;
}

const RegisterSynthesizer kReal{
    {.name = "real",
     .summary =
         "images of the dataset's calibration split, chosen by the seed: the reference with data",
     .revision = 1,
     .uses_seed = true,
     .needs = {"real_data"},
     .facts = MethodFacts{.labels = std::vector<Condition>{}}},
    RealParams(),
    Synthesize};

}  // namespace
}  // namespace zerosweep
