// A small catalogue for tests of the control program.
#pragma once

#include <vector>

#include "sweeps/grammar/recipe.h"

namespace zerosweep {

// Kinds teacher, synthesize, sensitivity, quantize, evaluate; synthesizers zeroq (batch norms,
// seed), noise (seed), real (real data, seed), constant (no seed); quantizers minmax, percentile,
// rounding (seed), joint; models resnet20_cifar_a, large_cnn and plain_cnn (no batch norms);
// datasets cifar10, fashion_mnist, image_folder (in class folders, of any number).
Declarations TestDeclarations();
// The declaration of this name, to change it in place.
Declaration& Named(Declarations& declarations, Role role, const std::string& name);

// Recipes zeroq, noise, real, joint and sharp (rounding, protocol genie, variant paper), as
// compiled.
std::vector<Recipe> TestRecipes();

}  // namespace zerosweep
