// The built-in architectures. Each registers itself at the end of its file.
#pragma once

#include <string>
#include <vector>

#include "engine/catalogue/declare.h"
#include "engine/graph/graph.h"
#include "engine/import/key_layout.h"

namespace zerosweep {

// Builds the graph for `classes` classes and images of `input_shape` (C, H, W), with allocated but
// uninitialised parameters.
using ModelFactory = Graph (*)(int classes, std::vector<int64_t> input_shape);

// Place it at the end of a source file: `const RegisterModel kModel{{.name = "vgg16", …}, factory,
// layouts};` The declaration's facts are those of the network in its paper; the factory accepts
// other shapes and numbers of classes. The catalogue adds the facts that follow from the graph, and
// the names of `layouts`: the supported checkpoints, of which the first has the graph's own keys.
struct RegisterModel {
  RegisterModel(Declaration declaration, ModelFactory factory, std::vector<KeyLayout> layouts);
};

// Facts of a network for 224 × 224 pixels and 1000 classes that halves its maps five times, first by
// a convolution. `macs` per image.
ModelFacts ImageNetFacts(int64_t macs);

std::vector<std::string> ModelNames();

// Builds the architecture `arch` for images of channels × height × width. Throws kUsage for an
// unknown name, naming the nearest, and for sizes that the architecture does not support.
Graph BuildModel(const std::string& arch, int64_t channels, int64_t height, int64_t width,
                 int classes);

// Layouts of the checkpoints that load into `arch`. Throws kUsage for an unknown name.
const std::vector<KeyLayout>& LayoutsOf(const std::string& arch);

}  // namespace zerosweep
