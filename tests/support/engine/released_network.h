// The results of the released codes of BRECQ, QDrop, GENIE and PD-Quant on a tiny network, from
// tests/golden/reconstruction.json, and that network (tests/golden/README.md).
#pragma once

#include <torch/types.h>

#include <string>

#include "base/json.h"
#include "engine/graph/teacher.h"
#include "engine/quant/protocol.h"

namespace zerosweep {

Json ReleasedReconstruction();  // the whole file

// 3×6×6 → conv1 (4), bn1, relu → layer1.0: conv1, bn1, relu1, conv2, bn2, add relu, relu2 → mean →
// flatten → fc (3), with the golden file's weights.
Teacher ReleasedTeacher();
torch::Tensor ReleasedImages(int64_t count);  // count×3×6×6

struct Preset {
  Protocol protocol;
  bool fold_batch_norms = false;
};
// A shipped protocol, complete.
Preset PresetNamed(const std::string& name);

}  // namespace zerosweep
