// The results of torchvision and pytorchcv, from tests/golden/reference_logits.json, with the
// weights behind them (tests/golden/make_reference_logits.py makes both).
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
  // The checkpoint as the reference would save it, including the batch counters.
  std::map<std::string, torch::Tensor> State() const;
  torch::Tensor Image() const;  // 1×C×H×W
};

// The small networks, or those whose weights take half a gigabyte (VGG).
enum class ReferenceSize { kSmall, kLarge };
std::vector<ReferenceNetwork> ReferenceNetworks(ReferenceSize size);

// Expects our network with the reference's checkpoint to give the reference's logits, to within
// 1e-4 of the largest logit. Expects the same of the folded network, in the memory format that
// evaluation uses.
void CheckAgainstReference(const ReferenceNetwork& network);

// A name for parametrised tests, such as "mobilenetv2_tv_brecq".
std::string NameOf(const ReferenceNetwork& network);
void PrintTo(const ReferenceNetwork& network, std::ostream* stream);

}  // namespace zerosweep
