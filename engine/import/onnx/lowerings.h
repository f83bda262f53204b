// How each operator of ONNX becomes operators of the graph: one function for each.
#pragma once

#include <string>
#include <vector>

#include "engine/import/onnx/onnx_call.h"

namespace zerosweep {

using Lowering = DraftValue (*)(const OnnxCall& call);
using SeveralLowering = std::vector<DraftValue> (*)(const OnnxCall& call);

struct LoweringRow {
  const char* op;
  Lowering lower = nullptr;           // of one output
  SeveralLowering several = nullptr;  // of several
};

// By topic; a name stands in one of them.
const std::vector<LoweringRow>& LayerLowerings();     // with weights, pools and norms
const std::vector<LoweringRow>& ValueLowerings();     // element by element, and reductions
const std::vector<LoweringRow>& MovementLowerings();  // that choose, order and repeat values

// Resize and Upsample.
DraftValue LowerResize(const OnnxCall& call);

// SplitToSequence's parts.
std::vector<DraftValue> LowerSequence(const OnnxCall& call);

}  // namespace zerosweep
