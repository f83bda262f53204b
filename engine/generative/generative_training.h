// A generator and a student, trained in the same loop against one teacher: GDFQ's skeleton (Xu et
// al., ECCV 2020; authors' code), on which FDDA, ClusterQ and Qimera build.
//
// Each step: the generator makes a batch x for labels y.
//   generator   generator_training.h
//   student     student_training.h, on the same x, made before the generator's step
// In the first steps ("warm_up") the generator is trained alone, and the student only sees its
// images to set its activation ranges ("calibration").
//
// Over several ranks a step makes, beside the student's collectives: three for each norm of the
// generator and three for the teacher's statistics (forward and backward, each time that images are
// made), and one for the generator's gradients.
#pragma once

#include <string>

#include "engine/generative/generative_method.h"
#include "engine/generative/generative_params.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

// Trains both from the teacher, or from the last checkpoint. The images for the student's scores
// are made by the generator at the end. Throws Failure::kNonFinite for a loss that is not finite,
// naming `name`.
Quantization TrainWithGenerator(const QuantizationContext& context, const std::string& name,
                                const GenerativeSettings& settings, GenerativeMethod& method);

}  // namespace zerosweep
