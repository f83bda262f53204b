// evaluate: top-1 of a quantized network on the test split. Artifact: correct.bin (one bit an
// image), predictions.bin.
#include "base/files.h"
#include "engine/quant/quantized_network.h"
#include "engine/stages/accuracy.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace {

// Percent of images on which the two networks choose the same class. The teacher may have seen
// fewer images.
double Agreement(const torch::Tensor& predictions, const torch::Tensor& teacher) {
  const int64_t count = std::min(predictions.numel(), teacher.numel());
  return 100.0 * (predictions.slice(0, 0, count) == teacher.slice(0, 0, count))
                     .to(torch::kFloat64)
                     .mean()
                     .item<double>();
}

std::map<std::string, double> RunEvaluate(const StageContext& context) {
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  const QuantizedNetwork network = QuantizedNetwork::Load(teacher, context.Input("quantized"));
  const Dataset test = context.LoadSplit("test");
  const Accuracy result =
      MeasureAccuracy([&](const torch::Tensor& x) { return network.Forward(x); }, test, teacher,
                      context.Param("limit").get<int64_t>(), context.progress);
  WriteFileDurably(context.staging / "correct.bin", PackBits(result.evaluation.correct));
  SavePredictions(result.predictions, context.staging);
  return {{"top1", result.top1_percent()},
          {"loss", result.evaluation.loss},
          {"agreement", Agreement(result.predictions, LoadPredictions(context.Input("teacher")))},
          {"images", static_cast<double>(result.predictions.numel())}};
}

const RegisterStageKind kEvaluate{
    {.role = "kind",
     .name = "evaluate",
     .summary = "measures the top-1 accuracy of a quantized network on the test split",
     .revision = 1,
     .params = {{.name = "limit",
                 .type = "int",
                 .default_value = 0,
                 .meaning = "test images evaluated; 0: all",
                 .unit = "images",
                 .min = 0,
                 .profiles = {{"smoke", 500}},
                 .neutral = 0}}},
    RunEvaluate};

}  // namespace
}  // namespace zerosweep
