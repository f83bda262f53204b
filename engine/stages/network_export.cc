#include "engine/stages/network_export.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "engine/export/onnx_export.h"
#include "engine/export/tensors.h"
#include "engine/import/safetensors.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

Json ToJson(const RunsAs& one) {
  Json json = {{"op", one.op}, {"type", one.type}, {"integers", one.integers}};
  if (!one.why.empty()) json["why"] = one.why;
  return json;
}

QuantizedNetwork NetworkOf(const Teacher& teacher, const Json& request) {
  if (request.contains("quantized"))
    return QuantizedNetwork::Load(teacher, request.at("quantized").get<std::string>());
  return QuantizedNetwork(teacher, {.w_bits = kPassThroughBits, .a_bits = kPassThroughBits});
}

// The logits of the images, the codes of every activation under their name in the file, and what
// they are rounded from, in steps.
std::map<std::string, torch::Tensor> Probe(const ExportedNetwork& network,
                                           const std::vector<std::string>& names,
                                           const torch::Tensor& images) {
  std::map<std::string, torch::Tensor> tensors;
  const torch::Tensor logits = network.Forward(images, [&](size_t site, const torch::Tensor& x) {
    const ExportedActivation& activation = network.activations()[site];
    tensors[names[site]] = CodesOf(activation, x).to(torch::kUInt8).contiguous();
    tensors[names[site] + ".steps"] = (x / activation.step).contiguous();
  });
  tensors["output"] = logits.contiguous();
  return tensors;
}

}  // namespace

Json ExportNetwork(const Json& request) {
  const Teacher teacher = LoadTeacher(request.at("teacher").get<std::string>(), torch::kCPU);
  const QuantizedNetwork network = NetworkOf(teacher, request);
  const fs::path file = request.value("file", std::string());
  Json report = {{"operators", Json::array()}, {"raised_steps", 0}, {"bitops", network.BitOps()}};
  const bool tensors = file.extension() == ".safetensors";
  if (tensors && request.value("form", "paper") == "paper") {
    WriteSafetensors(file, TensorsOf(network));
    return report;
  }
  const ExportedNetwork exported(network);
  int64_t raised = 0;
  for (const auto& [node, weight] : exported.weights()) raised += weight.raised_steps;
  report["raised_steps"] = raised;
  const bool openvino = request.value("target", "onnxruntime") == "openvino";
  const OnnxExport onnx =
      ExportOnnx(exported, request.value("metadata", std::map<std::string, std::string>()),
                 openvino ? Runtime::kOpenvino : Runtime::kOnnxruntime);
  for (const RunsAs& one : onnx.operators) report["operators"].push_back(ToJson(one));
  if (tensors) {
    WriteSafetensors(file, TensorsOf(exported));
  } else if (!file.empty()) {
    WriteFileAtomically(file, onnx.bytes, kUsualMode);
  }
  if (request.contains("probe")) {
    const fs::path probe = request.at("probe").get<std::string>();
    WriteSafetensors(
        probe / "codes.safetensors",
        Probe(exported, onnx.codes, ReadSafetensors(probe / "images.safetensors").at("images")));
  }
  return report;
}

}  // namespace zerosweep
