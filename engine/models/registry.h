// The built-in architectures. Each registers itself at the foot of its file.
#pragma once

#include <string>
#include <vector>

#include "engine/catalogue/declaration.h"
#include "engine/graph/graph.h"
#include "engine/import/key_layout.h"

namespace zerosweep {

// Builds the graph for `classes` classes and images of `input_shape` (C, H, W), with parameters
// allocated but of no particular value.
using ModelFactory = Graph (*)(int classes, std::vector<int64_t> input_shape);

// For the foot of a source file: `static const RegisterModel kModel{{.role = "model", …},
// factory};` The declaration's facts say {"input_shape": [C, H, W], "classes": K, "macs":
// multiply-adds of one image} of the network as its paper has it; the factory takes others. Sides
// among them, each 1 where it is absent: "min_side" is the smallest height and width that the
// network can take, "map_side" the smallest with which every batch norm sees more than one pixel,
// "stride_side" the smallest with which every convolution with a stride does. What the graph says
// itself (NetworkFacts) joins them. `layouts`: the checkpoints that load, the first with the
// graph's own keys; their names become the fact "layouts".
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
