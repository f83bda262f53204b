// What torchvision and pytorchcv compute, from tests/golden/reference_logits.json, and the weights
// that they computed it with (tests/golden/make_reference_logits.py says how both are made).
#pragma once

#include <torch/types.h>

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

struct ReferenceNetwork {
  std::string arch, layout;
  Json json;

  std::vector<int64_t> input_shape() const { return json.at("input_shape"); }
  int classes() const { return json.at("classes"); }
  torch::Tensor logits() const;
  // The checkpoint as the reference would save it, counters of batches included.
  std::map<std::string, torch::Tensor> State() const;
  torch::Tensor Image() const;  // 1×C×H×W
};

// The small ones, or those whose weights fill half a gigabyte (VGG).
enum class ReferenceSize { kSmall, kLarge };
std::vector<ReferenceNetwork> ReferenceNetworks(ReferenceSize size);

// Expects, to 1e-4 of the largest logit, the reference's logits from our network with the
// reference's checkpoint; from the folded network too, in the memory format that evaluation uses.
void CheckAgainstReference(const ReferenceNetwork& network);

// "mobilenetv2_tv_brecq": for the names of parametrised tests.
std::string NameOf(const ReferenceNetwork& network);
void PrintTo(const ReferenceNetwork& network, std::ostream* stream);

}  // namespace zerosweep
