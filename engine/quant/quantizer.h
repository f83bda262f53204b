// A quantizer turns a teacher and data into a quantized network (post-training quantization).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalogue/registry.h"
#include "engine/data/dataset.h"
#include "engine/loop/checkpoint.h"
#include "engine/loop/curve.h"
#include "engine/loop/progress.h"
#include "engine/parallel/group.h"
#include "engine/quant/quantized_network.h"
#include "engine/random/streams.h"

namespace zerosweep {

struct QuantizationContext {
  const Teacher& teacher;
  const torch::Tensor& images;  // N×C×H×W, normalised, on the teacher's device; undefined for
                                // quantizers that make their own
  QuantizationSetting setting;
  RandomStreams random;
  Progress& progress;
  Checkpoints& checkpoints;
  Group& group;  // the processes that compute this together; most methods support only one
  // Folders of the artifacts that the method's declaration needs in addition to teacher and images,
  // by role ("correction").
  std::map<std::string, std::filesystem::path> inputs = {};
  torch::Tensor labels = {};           // of the images, N int64; undefined if unknown
  const Dataset* real_data = nullptr;  // the calibration split; for methods that need "real_data"
};

// A network saved at a step of its training.
struct Snapshot {
  int64_t step = 0;                            // training steps done
  std::map<std::string, torch::Tensor> state;  // QuantizedNetwork::State
  std::optional<double> heldout_loss;  // KL(teacher ‖ student) on held-out images, nats per image
};

struct Quantization {
  QuantizedNetwork network;
  Curves curves;  // loss terms
  std::map<std::string, double> metrics;
  std::vector<Snapshot> snapshots = {};  // of a trained network
  torch::Tensor samples = {};            // some of the images that the method itself made
};

using QuantizerRegistry = Registry<Role::kQuantizer, QuantizationContext, Quantization>;
using RegisterQuantizer = QuantizerRegistry::Register;

}  // namespace zerosweep
