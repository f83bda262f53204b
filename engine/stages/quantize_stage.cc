// quantize: post-training quantization of a teacher on synthesised images. Artifact:
// quantized.{safetensors,json}, curve.json.
#include <algorithm>

#include "engine/catalogue/params.h"
#include "engine/import/safetensors.h"
#include "engine/quant/quantizer.h"
#include "engine/stages/stage_kind.h"
#include "engine/stages/weight_bits.h"

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
  const Protocol protocol = Protocol::FromJson(fields);
  const StageBits bits = ReadStageBits(context, teacher.graph, protocol);
  std::map<std::string, std::filesystem::path> inputs;
  if (entry.declaration.Needs("correction")) inputs["correction"] = context.Input("correction");
  const auto [network, curves, extra] =
      entry.function({teacher, images, method, protocol, fields.at("bn") == "folded", bits.widths,
                      params.at("a_bits").get<int>(), RandomStreams(context.seed()),
                      context.progress, context.checkpoints, context.group, inputs});
  if (!context.writes()) return {};
  network.Save(context.staging);
  Json drawn = CurvesToJson(curves);
  if (bits.allocation) drawn["frontier"] = FrontierCurve(*bits.allocation);
  SaveCurves(drawn, context.staging);
  std::map<std::string, double> metrics = extra;
  metrics.merge(BitMetrics(bits, network));
  metrics["size_bytes"] = network.WeightBytes();
  metrics["bitops"] = network.BitOps();
  return metrics;
}

const RegisterStageKind kQuantize{
    {.role = "kind",
     .name = "quantize",
     .summary = "quantizes a teacher after training, on calibration images",
     .revision = 1,
     .params = {RanksParam()}},
    RunQuantize};

}  // namespace
}  // namespace zerosweep
