// A generator and a student, trained in one loop against one teacher: GDFQ's skeleton (Xu et al.,
// ECCV 2020; authors' code), on which FDDA, ClusterQ and Qimera build.
//
// In each step the generator makes a batch x for labels y, and both are trained:
//   generator   generator_training.h
//   student     student_training.h, on the same x, made before the generator's step
// In the first steps ("warm_up") only the generator is trained; the student uses its images only to
// set activation ranges ("calibration").
//
// With several ranks, a step makes these collectives in addition to the student's: three for each
// norm of the generator and three for the teacher's statistics (forward and backward, each time
// that images are made), and one for the generator's gradients.
#pragma once

#include <string>

#include "engine/generative/generative_method.h"
#include "engine/generative/generative_params.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

// Trains both from the teacher, or from the last checkpoint. After training, the generator makes
// the images for the student's scores. Throws Failure::kNonFinite, naming `name`, for a loss that
// is not finite.
Quantization TrainWithGenerator(const QuantizationContext& context, const std::string& name,
                                const GenerativeSettings& settings, GenerativeMethod& method);

}  // namespace zerosweep
