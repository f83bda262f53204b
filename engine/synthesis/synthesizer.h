// A synthesizer makes the data that a quantizer calibrates or trains on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/catalogue/registry.h"
#include "engine/data/dataset.h"
#include "engine/progress.h"
#include "engine/random/streams.h"
#include "engine/teacher.h"

namespace zerosweep {

struct Curve {
  std::vector<double> x, y;
};

struct SyntheticData {
  torch::Tensor images;                 // N×C×H×W float32, in the teacher's normalised space
  torch::Tensor labels;                 // N int64, or undefined
  std::map<std::string, Curve> curves;  // loss terms against iterations
  std::map<std::string, double> metrics;
};

struct SynthesisContext {
  const Teacher& teacher;
  const Json& params;  // complete
  RandomStreams random;
  Progress& progress;
  const Dataset* real_data =
      nullptr;  // the calibration split; only for synthesizers that need "real_data"
};

using SynthesizeFunction = SyntheticData (*)(const SynthesisContext&);
using SynthesizerRegistry = Registry<SynthesizeFunction>;
using RegisterSynthesizer = SynthesizerRegistry::Register;

}  // namespace zerosweep
