// A quantizer turns a teacher and data into a quantized network (post-training quantization).
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/catalogue/registry.h"
#include "engine/checkpoint.h"
#include "engine/curve.h"
#include "engine/parallel/group.h"
#include "engine/progress.h"
#include "engine/quant/quantized_network.h"
#include "engine/random/streams.h"

namespace zerosweep {

struct QuantizationContext {
  const Teacher& teacher;
  const torch::Tensor& images;  // N×C×H×W, normalised, on the teacher's device
  const Json& params;           // complete
  const Protocol& protocol;
  bool fold_batch_norms = false;
  WeightBitWidths w_bits = 8;
  int a_bits = 8;
  RandomStreams random;
  Progress& progress;
  Checkpoints& checkpoints;
  Group& group;  // of processes that compute this together; most methods know one alone
  // Folders of the artifacts that the method's declaration needs besides teacher and images, by
  // role ("correction").
  std::map<std::string, std::filesystem::path> inputs = {};
};

struct Quantization {
  QuantizedNetwork network;
  Curves curves;  // loss terms
  std::map<std::string, double> metrics;
};

using QuantizeFunction = Quantization (*)(const QuantizationContext&);
using QuantizerRegistry = Registry<QuantizeFunction>;
using RegisterQuantizer = QuantizerRegistry::Register;

}  // namespace zerosweep
