// train: trains a teacher from scratch. Artifact: model.safetensors and card.json, its model card.
#include <cmath>

#include "base/files.h"
#include "base/hash.h"
#include "engine/graph/executor.h"
#include "engine/import/safetensors.h"
#include "engine/models/registry.h"
#include "engine/stages/accuracy.h"
#include "engine/stages/stage_kind.h"
#include "engine/training/teacher.h"

namespace zerosweep {
namespace {

// Mean and standard deviation of each channel over all training pixels, in units of [0, 1], to four
// decimals: the usual constants (Fashion-MNIST 0.2860 and 0.3530).
Normalisation NormalisationOf(const Dataset& train) {
  constexpr int64_t kBatch = 1000;
  const int64_t channels = train.shape().at(0);
  torch::Tensor counts = torch::zeros({channels, 256}, torch::kFloat64);
  for (int64_t begin = 0; begin < train.size(); begin += kBatch) {
    const torch::Tensor images = train.Images(begin, std::min(begin + kBatch, train.size()));
    for (int64_t channel = 0; channel < channels; ++channel) {
      counts[channel] += torch::bincount(images.select(1, channel).flatten(), {}, 256);
    }
  }
  Normalisation result;
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  const torch::Tensor levels = torch::arange(256, torch::kFloat64) / 255;
  for (int64_t channel = 0; channel < channels; ++channel) {
    const torch::Tensor share = counts[channel] / counts[channel].sum();
    const double mean = (share * levels).sum().item<double>();
    result.mean.push_back(rounded(mean));
    result.std.push_back(
        rounded(std::sqrt((share * (levels - mean).square()).sum().item<double>())));
  }
  return result;
}

// Writes the model card in the format of sweeps/values/model_card.h.
void WriteCard(const StageContext& context, const Teacher& teacher, double top1, int64_t images,
               const TeacherRecipe& recipe) {
  const std::string name = context.params().at("name");
  Json card = teacher;
  card.update({{"name", name},
               {"input_shape", teacher.graph.input_shape},
               {"top1", std::round(top1 * 1e4) / 1e4},
               {"test_images", images},
               {"seed", context.seed()},
               {"recipe", recipe},
               {"weights_file", name + ".safetensors"},
               {"weights_sha256", Sha256File(context.staging / "model.safetensors")}});
  WriteFileDurably(context.staging / "card.json", card.dump(1) + "\n");
}

StageMetrics RunTrain(const StageContext& context, const TeacherRecipe& settings) {
  const Json& params = context.params();
  const Dataset train = LoadDataset(params.at("dataset"), "train", context.File("data"));
  const Dataset test = LoadDataset(params.at("dataset"), "test", context.File("data"));
  const Normalisation normalisation = NormalisationOf(train);
  TeacherRecipe recipe = settings;
  recipe.seed = context.seed();
  Teacher teacher;
  teacher.arch = params.at("arch");
  teacher.dataset = train.name;
  teacher.classes = train.classes;
  teacher.mean = normalisation.mean;
  teacher.std = normalisation.std;
  const std::vector<int64_t> shape = train.shape();
  const Graph network = BuildModel(teacher.arch, shape[0], shape[1], shape[2], train.classes);
  double test_top1 = 0;
  teacher.graph = TrainTeacher(
      network.To(context.device), train, test, normalisation, recipe,
      [&](const TeacherProgress& now, const Graph&) {
        if (now.test_top1) {
          test_top1 = 100.0 * *now.test_top1;
          std::fprintf(stderr, "epoch %lld: loss %.4f, test top-1 %.2f %%\n",
                       static_cast<long long>(now.epoch), now.loss, test_top1);
        }
        context.progress.Report(now.images, now.total_images, "images",
                                fmt::format("epoch {} of {}, loss {:.3f}, test top-1 {:.2f} %",
                                            now.epoch, recipe.epochs, now.loss, test_top1));
      });
  WriteSafetensors(context.staging / "model.safetensors", StateOf(teacher.graph.To(torch::kCPU)));
  const Evaluation accuracy =
      MeasureAccuracy([&](const torch::Tensor& x) { return Run(teacher.graph, x); }, test, teacher,
                      /*limit=*/0, context.progress);
  WriteCard(context, teacher, accuracy.top1_percent(), test.size(), recipe);
  return {{"top1", accuracy.top1_percent()}, {"loss", accuracy.loss}};
}

const RegisterStageKind kTrain{
    {.name = "train",
     .summary = "trains a teacher from scratch on a dataset's training split",
     .revision = 1,
     .uses_seed = true},
    TeacherParams(),
    RunTrain};

}  // namespace
}  // namespace zerosweep
