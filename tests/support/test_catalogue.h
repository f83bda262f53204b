// A small catalogue for tests of the control program, of the shape that `zerosweep-stage
// --describe` prints.
#pragma once

#include "base/json.h"

namespace zerosweep {

// Kinds teacher, synthesize, quantize, evaluate; synthesizers zeroq (batch norms, seed), noise
// (seed), real (real data, seed), constant (no seed); quantizers minmax, percentile, rounding
// (seed); models resnet20_cifar_a and plain_cnn (no batch norms); datasets cifar10, fashion_mnist,
// image_folder (in class folders, of any number).
Json TestCatalogueJson();

// Recipes zeroq, noise, real and sharp (rounding, protocol genie, variant paper), as compiled.
Json TestRecipesJson();

}  // namespace zerosweep
