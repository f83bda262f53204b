// A quantized network as named tensors in the field's convention, x̂ = scale·(q − zero_point), for
// files that other programs read (docs/formats.md, "Exported tensors").
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "engine/export/exported_network.h"
#include "engine/quant/quantized_network.h"

namespace zerosweep {

// In the papers' form: decoded values equal the engine's to the last digit but one.
std::map<std::string, torch::Tensor> TensorsOf(const QuantizedNetwork& network);
// In the exported form: decoded values are the engine's.
std::map<std::string, torch::Tensor> TensorsOf(const ExportedNetwork& network);

}  // namespace zerosweep
