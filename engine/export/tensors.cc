#include "engine/export/tensors.h"

namespace zerosweep {
namespace {

// int32 where they are whole numbers.
torch::Tensor ZeroPoints(const torch::Tensor& values) {
  return torch::equal(values, torch::round(values)) ? values.to(torch::kInt32) : values;
}

}  // namespace

// QuantizedNetwork::State names inverse scales and offsets so.
std::map<std::string, torch::Tensor> TensorsOf(const QuantizedNetwork& network) {
  std::map<std::string, torch::Tensor> tensors = network.State();
  for (auto& [name, tensor] : tensors) {
    if (name.ends_with(".scale")) tensor = 1 / tensor;
    if (name.ends_with(".zero_point")) tensor = ZeroPoints(-tensor);
  }
  return tensors;
}

std::map<std::string, torch::Tensor> TensorsOf(const ExportedNetwork& network) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [node, weight] : network.weights()) {
    const Node& of = network.graph().nodes[static_cast<size_t>(node)];
    const torch::Tensor bias = Parameter(of, "bias");
    if (weight.bias.defined()) {
      tensors[of.name + ".bias"] = weight.bias;
      tensors[of.name + ".bias.scale"] = weight.step * network.activations()[*weight.input].step;
    } else if (bias.defined()) {
      tensors[of.name + ".bias"] = bias;
    }
    if (!weight.integers.defined()) continue;
    tensors[of.name + ".codes"] = weight.integers;
    tensors[of.name + ".scale"] = weight.step;
    tensors[of.name + ".zero_point"] = torch::zeros(weight.step.sizes(), torch::kInt32);
  }
  for (const ExportedActivation& activation : network.activations()) {
    const std::string name = SiteKey(network.graph(), activation.site);
    tensors[name + ".scale"] = torch::tensor(activation.step);
    for (const auto& [key, value] : {std::pair("zero_point", activation.zero_point),
                                     {"low", activation.low},
                                     {"high", activation.high}})
      tensors[name + "." + key] = torch::tensor(value, torch::kInt32);
  }
  return tensors;
}

}  // namespace zerosweep
