// A generator and a student, trained in the same loop against one teacher: GDFQ's skeleton (Xu et
// al., ECCV 2020; authors' code), on which FDDA, ClusterQ and Qimera build.
//
// Each step: the generator makes a batch x for labels y; t = T(x).
//   generator   L_G = w·CE(t, y) + β·L_BNS + the method's terms    Adam(0.5, 0.999)
//               L_BNS = (1/L) Σ_l MSE(μ_l, M_l) + MSE(v_l, V_l)    batch means and biased variances
//   student     L_S = α·T²·KL(t/T ‖ s/T) + CE(s, y), on the same x, made before the generator's
//               step; SGD with Nesterov's momentum
// In the first steps ("warm_up") the generator is trained alone, and the student only sees its
// images to set its activation ranges ("calibration").
//
// Over several ranks, each on its part of every batch, a step makes these collectives: three for
// each norm of the generator and three for the teacher's statistics (forward and backward, each
// time that images are made), one for the generator's gradients, one for the student's, one for
// the losses that are shown; during calibration one for each activation quantizer instead of the
// student's gradients.
#pragma once

#include <string>
#include <vector>

#include "engine/catalogue/declaration.h"
#include "engine/catalogue/params.h"
#include "engine/joint/joint_method.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

// What a method changes of the common parameters' values: GDFQ's for CIFAR.
struct JointDefaults {
  Budget batch = {200, 64, 16};  // images
  Budget warm_up = {800, 200, 4}, iterations = {79200, 800, 6};
  std::string source =
      "CIFAR: batch 200, 4 epochs of 200 of warm-up, 396 of training; ImageNet: "
      "16, 50 and 350";
  int64_t latents = 100;
  std::string latents_meaning = "random numbers of an image";
  double label_weight = 1;         // w
  double statistics_weight = 0.1;  // β
  double lr = 1e-4;                // of the student
  std::string schedule = "step";
  int64_t period = 0;
  double distillation = 1;  // α
  std::string reduction = "element";
  std::string code_averages = "fed_back";  // of the ranges, variant `code`
};

// Their declarations: batch, warm_up, iterations, calibration, latents, …
std::vector<ParamSpec> JointParams(const JointDefaults& defaults);

// Trains both from the teacher, or from the last checkpoint. The images for the student's scores
// are made by the generator at the end. Throws kTrial "non_finite" for a loss that is not finite,
// naming `name`.
Quantization TrainJointly(const QuantizationContext& context, const std::string& name,
                          JointMethod& method);

}  // namespace zerosweep
