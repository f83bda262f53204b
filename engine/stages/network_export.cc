#include "engine/stages/network_export.h"

#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "engine/export/onnx_export.h"
#include "engine/export/tensors.h"
#include "engine/import/safetensors.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace {

Json ToJson(const RunsAs& one) {
  Json json = {{"op", one.op}, {"type", one.type}, {"integers", one.integers}};
  if (!one.why.empty()) json["why"] = one.why;
  return json;
}

}  // namespace

Json ExportNetwork(const Json& request) {
  const Teacher teacher = LoadTeacher(request.at("teacher").get<std::string>(), torch::kCPU);
  const QuantizedNetwork network =
      QuantizedNetwork::Load(teacher, request.at("quantized").get<std::string>());
  const std::filesystem::path file = request.at("file").get<std::string>();
  Json report = {{"operators", Json::array()}, {"raised_steps", 0}};
  if (file.extension() == ".safetensors" && request.value("form", "paper") == "paper") {
    WriteSafetensors(file, TensorsOf(network));
    return report;
  }
  const ExportedNetwork exported(network);
  int64_t raised = 0;
  for (const auto& [node, weight] : exported.weights()) raised += weight.raised_steps;
  report["raised_steps"] = raised;
  if (file.extension() == ".safetensors") {
    WriteSafetensors(file, TensorsOf(exported));
    return report;
  }
  const OnnxExport onnx =
      ExportOnnx(exported, request.value("metadata", std::map<std::string, std::string>()));
  WriteFileAtomically(file, onnx.bytes);
  for (const RunsAs& one : onnx.operators) report["operators"].push_back(ToJson(one));
  return report;
}

}  // namespace zerosweep
