// quantize: quantization of a teacher on synthesised images, or on images that the method itself
// makes. Artifact: quantized.{safetensors,json} and curve.json; for a trained network
// snapshots.{safetensors,json}; for a method that makes images samples.png.
#include <optional>

#include "engine/import/safetensors.h"
#include "engine/quant/quantizer.h"
#include "engine/stages/method_limits.h"
#include "engine/stages/stage_kind.h"
#include "engine/stages/weight_bits.h"
#include "engine/training/snapshots.h"

namespace zerosweep {
namespace {

struct CalibrationImages {
  torch::Tensor images, labels;  // undefined if there are none
  std::optional<Dataset> real;
};

CalibrationImages ReadImages(const StageContext& context, const Declaration& method,
                             const Teacher& teacher) {
  CalibrationImages data;
  if (method.Needs("real_data")) {
    data.real = context.LoadSplit("calibration");
    RequireClasses(*data.real, teacher.classes);
  }
  if (method.method().joint) return data;
  const auto tensors = ReadSafetensors(context.Input("images") / "images.safetensors");
  data.images = tensors.at("images").to(context.device);
  if (const auto labels = tensors.find("labels"); labels != tensors.end())
    data.labels = labels->second.to(context.device);
  return data;
}

StageMetrics RunQuantize(const StageContext& context) {
  const Json& params = context.params();
  const auto& entry = QuantizerRegistry::Get(params.at("name"));
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  const CalibrationImages data = ReadImages(context, entry.declaration, teacher);
  const Json& fields = params.at("protocol");
  const bool takes_images = data.images.defined();
  CheckLimits(context, entry.declaration, teacher,
              {fields, params.at("a_bits"), takes_images ? Json(data.labels.defined()) : Json()});
  const Protocol protocol = Protocol::FromJson(fields);
  const StageBits bits = ReadStageBits(context, teacher.graph, protocol);
  std::map<std::string, std::filesystem::path> inputs;
  for (const std::string& need : entry.declaration.needs)
    if (need != "real_data") inputs[need] = context.Input(need);
  const Quantization result =
      entry.function({.teacher = teacher,
                      .images = data.images,
                      .setting = {.protocol = protocol,
                                  .fold_batch_norms = fields.at("bn") == "folded",
                                  .w_bits = bits.widths,
                                  .a_bits = params.at("a_bits").get<int>()},
                      .random = RandomStreams(context.seed()),
                      .progress = context.progress,
                      .checkpoints = context.checkpoints,
                      .group = context.group,
                      .inputs = inputs,
                      .labels = data.labels,
                      .real_data = data.real ? &*data.real : nullptr},
                     context.MethodParams());
  if (!context.writes()) return {};
  const QuantizedNetwork& network = result.network;
  network.Save(context.staging);
  SaveSnapshots(result.snapshots, context.staging);
  if (result.samples.defined()) SaveSamples(result.samples, teacher, context.staging);
  Json drawn = CurvesToJson(result.curves);
  if (bits.allocation) drawn["frontier"] = FrontierCurve(*bits.allocation);
  SaveCurves(drawn, context.staging);
  StageMetrics metrics = result.metrics;
  metrics.merge(BitMetrics(bits, network));
  metrics["size_bytes"] = network.WeightBytes();
  metrics["bitops"] = network.BitOps();
  return metrics;
}

const RegisterStageKind kQuantize{
    {.name = "quantize",
     .summary = "quantizes a teacher, on calibration images or on those that the method makes",
     .revision = 1,
     .params = {{.name = "ranks",
                 .type = ParamType::kInt,
                 .default_value = 1,
                 .meaning = "processes that compute it together, each on a part of every batch",
                 .min = 1,
                 .max = 4096,
                 .neutral = 1}},
     .facts = KindFacts{.presence = KindFacts::Presence::kAlways,
                        .set_by = KindFacts::SetBy::kQuantizer,
                        .provides = "quantized",
                        .reads = {"teacher", "images", "sensitivity"},
                        .runs = Role::kQuantizer}},
    RunQuantize};

}  // namespace
}  // namespace zerosweep
