// Reconstruction unit by unit: one loop for AdaRound, BRECQ, QDrop, GENIE-M, PD-Quant and AQuant.
//
// For each unit, in order, the student's unit learns to reproduce the teacher's output t from the
// student's own input:
//
//   L = mean over images and pixels of Σ_channels g²·|y − t|^p  +  λ Σ_weights (1 − |2h(V) − 1|^b)
//
// The loss is a sum over channels, as in all released codes: with a mean, λ would weigh C times
// more. g is 1 except in BRECQ's paper.
#pragma once

#include "engine/quant/quantizer.h"
#include "engine/reconstruction/reconstruction_settings.h"
#include "engine/reconstruction/unit_objective.h"

namespace zerosweep {

// Quantizes the context's teacher. `objective` may be null.
Quantization Reconstruct(const QuantizationContext& context, ReconstructionSettings settings,
                         UnitObjective* objective = nullptr);

}  // namespace zerosweep
