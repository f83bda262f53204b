// quantize: post-training quantization of a teacher on synthesised images. Artifact:
// quantized.{safetensors,json}.
#include "engine/import/safetensors.h"
#include "engine/quant/quantizer.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace {

std::map<std::string, double> RunQuantize(const StageContext& context) {
  const Json& params = context.params();
  const auto& entry = QuantizerRegistry::Get("quantizer", params.at("name"));
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  const auto tensors = ReadSafetensors(context.Input("images") / "images.safetensors");
  const torch::Tensor images = tensors.at("images").to(context.device);
  const Json& fields = params.at("protocol");
  const Json method = context.MethodParams(entry.declaration);
  const auto [network, curves, extra] = entry.function(
      {teacher, images, method, Protocol::FromJson(fields), fields.at("bn") == "folded",
       params.at("w_bits").get<int>(), params.at("a_bits").get<int>(),
       RandomStreams(context.seed()), context.progress, context.checkpoints});
  network.Save(context.staging);
  SaveCurves(curves, context.staging);
  std::map<std::string, double> metrics = extra;
  metrics["size_bytes"] = network.WeightBytes();
  metrics["bitops"] = network.BitOps();
  return metrics;
}

const RegisterStageKind kQuantize{
    {.role = "kind",
     .name = "quantize",
     .summary = "quantizes a teacher after training, on calibration images",
     .revision = 1},
    RunQuantize};

}  // namespace
}  // namespace zerosweep
