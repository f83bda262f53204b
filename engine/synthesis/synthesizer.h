// A synthesizer makes the data on which a quantizer calibrates or trains.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/catalogue/registry.h"
#include "engine/data/dataset.h"
#include "engine/graph/teacher.h"
#include "engine/loop/checkpoint.h"
#include "engine/loop/curve.h"
#include "engine/loop/progress.h"
#include "engine/random/streams.h"

namespace zerosweep {

struct SyntheticData {
  torch::Tensor images;  // N×C×H×W float32, in the teacher's normalised space
  torch::Tensor labels;  // N int64, or undefined
  Curves curves;         // loss terms
  std::map<std::string, double> metrics;
};

struct SynthesisContext {
  const Teacher& teacher;
  RandomStreams random;
  Progress& progress;
  Checkpoints& checkpoints;
  const Dataset* real_data =
      nullptr;  // the calibration split; only for synthesizers that need "real_data"
};

using SynthesizerRegistry = Registry<Role::kSynthesizer, SynthesisContext, SyntheticData>;
using RegisterSynthesizer = SynthesizerRegistry::Register;

}  // namespace zerosweep
