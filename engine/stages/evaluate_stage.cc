// evaluate: top-1 of a quantized network on the test split. Artifact: correct.bin (one bit an
// image), predictions.bin.
#include <cstring>

#include "base/files.h"
#include "engine/evaluate/evaluator.h"
#include "engine/quant/quantized_network.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace {

// Percent of images on which the two networks choose the same class. The teacher may have seen
// fewer images.
double Agreement(const torch::Tensor& predictions, const std::filesystem::path& teacher_folder) {
  const std::string bytes = ReadFile(teacher_folder / "predictions.bin");
  const auto count =
      std::min<int64_t>(predictions.numel(), static_cast<int64_t>(bytes.size() / sizeof(int32_t)));
  torch::Tensor teacher = torch::empty({count}, torch::kInt32);
  std::memcpy(teacher.data_ptr(), bytes.data(), static_cast<size_t>(count) * sizeof(int32_t));
  return 100.0 *
         (predictions.slice(0, 0, count) == teacher).to(torch::kFloat64).mean().item<double>();
}

std::map<std::string, double> RunEvaluate(const StageContext& context) {
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  const QuantizedNetwork network = QuantizedNetwork::Load(teacher, context.Input("quantized"));
  const Dataset test = LoadDataset(context.params().at("dataset"), "test", context.DataFolder());
  const Evaluation result =
      Evaluate([&](const torch::Tensor& x) { return network.Forward(x); }, test, teacher,
               context.Param("limit").get<int64_t>(), context.progress);
  WriteFileDurably(context.staging / "correct.bin", PackBits(result.correct));
  WriteFileDurably(context.staging / "predictions.bin",
                   {static_cast<const char*>(result.predictions.const_data_ptr()),
                    static_cast<size_t>(result.predictions.nbytes())});
  return {{"top1", result.top1},
          {"loss", result.loss},
          {"agreement", Agreement(result.predictions, context.Input("teacher"))},
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
