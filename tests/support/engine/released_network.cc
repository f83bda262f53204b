#include "tests/support/engine/released_network.h"

#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/files.h"
#include "engine/catalogue/protocol_fields.h"
#include "engine/models/builder.h"
#include "tests/support/engine/fill.h"

namespace zerosweep {
namespace {

// value_range() of tests/golden/make_reference_logits.py.
std::pair<double, double> RangeOf(const std::string& key, const torch::Tensor& parameter) {
  if (key.ends_with("running_var")) return {0.5, 1.5};
  if (key.ends_with("running_mean") || key.ends_with("bias")) return {-0.2, 0.2};
  if (parameter.dim() == 1) return {0.75, 1.25};
  const double gain = key.starts_with("fc") ? 4 : 1;
  const double fan_in = static_cast<double>(parameter.numel() / parameter.size(0));
  const double bound = gain * std::sqrt(6 / fan_in);
  return {-bound, bound};
}

}  // namespace

Json ReleasedReconstruction() {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  const std::filesystem::path file =
      std::filesystem::path(source != nullptr ? source : ".") / "tests/golden/reconstruction.json";
  return ParseJson(ReadFile(file), file.string());
}

Teacher ReleasedTeacher() {
  constexpr int64_t kChannels = 4;
  const ConvShape conv{.in = kChannels, .out = kChannels, .kernel = 3, .padding = 1};
  GraphBuilder build({3, 6, 6});
  Value x =
      build.Conv("conv1", build.Input(), {.in = 3, .out = kChannels, .kernel = 3, .padding = 1});
  const Value stem = build.Apply("relu", Op::kRelu, {build.BatchNorm("bn1", x, kChannels)});
  x = build.BatchNorm("layer1.0.bn1", build.Conv("layer1.0.conv1", stem, conv), kChannels);
  x = build.Apply("layer1.0.relu1", Op::kRelu, {x});
  x = build.BatchNorm("layer1.0.bn2", build.Conv("layer1.0.conv2", x, conv), kChannels);
  x = build.Apply("layer1.0.relu2", Op::kRelu, {build.Apply("layer1.0.add", Op::kAdd, {x, stem})});
  Teacher teacher;
  teacher.graph = build.Finish(build.Head("avgpool", "fc", x, kChannels, 3));
  for (Node& node : teacher.graph.nodes) {
    for (auto& [name, tensor] : node.parameters) {
      const std::string key = node.name + "." + name;
      const auto [low, high] = RangeOf(key, tensor);
      tensor = Filled(key, tensor.sizes().vec(), low, high);
    }
  }
  teacher.arch = "tiny";
  teacher.dataset = "none";
  teacher.classes = 3;
  return teacher;
}

torch::Tensor ReleasedImages(int64_t count) { return Filled("image", {count, 3, 6, 6}, -2, 2); }

Preset PresetNamed(const std::string& name) {
  Json fields = Protocols().Defaults();
  fields.update(Protocols().presets.at(name));
  return {Protocol::FromJson(fields), fields.at("bn") == "folded"};
}

}  // namespace zerosweep
