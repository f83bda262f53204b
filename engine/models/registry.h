// The built-in architectures. Each registers itself at the foot of its file.
#pragma once

#include <string>
#include <vector>

#include "engine/catalogue/declare.h"
#include "engine/graph/graph.h"
#include "engine/import/key_layout.h"

namespace zerosweep {

// Builds the graph for `classes` classes and images of `input_shape` (C, H, W), with parameters
// allocated but of no particular value.
using ModelFactory = Graph (*)(int classes, std::vector<int64_t> input_shape);

// For the foot of a source file: `const RegisterModel kModel{{.name = "vgg16", …}, factory,
// layouts};` The declaration's facts are those of the network as its paper has it; the factory
// takes other shapes and classes. The catalogue adds what the graph says itself and the names of
// `layouts`: the checkpoints that load, the first with the graph's own keys.
struct RegisterModel {
  RegisterModel(Declaration declaration, ModelFactory factory, std::vector<KeyLayout> layouts);
};

std::vector<std::string> ModelNames();

// The architecture `arch` for images of channels × height × width. Throws kUsage for an unknown
// name, naming the nearest, and for sizes the architecture cannot take.
Graph BuildModel(const std::string& arch, int64_t channels, int64_t height, int64_t width,
                 int classes);

// The checkpoints that load into `arch`. Throws kUsage for an unknown name.
const std::vector<KeyLayout>& LayoutsOf(const std::string& arch);

}  // namespace zerosweep
