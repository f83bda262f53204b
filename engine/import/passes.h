// Replaces what exporters take apart by the operators that networks are written with.
#pragma once

#include "engine/graph/graph.h"

namespace zerosweep {

// Returns a graph that computes the same, but for rounding:
//   x · sigmoid(x)                                  kSilu
//   x · hard_sigmoid(x), x · relu6(x + 3) / 6       kHardSwish
//   x · tanh(softplus(x))                           kMish
//   x · (1 + erf(x / √2)) / 2                       kGelu
//   a convolution or linear layer, then a constant  its bias
//   zeros around a convolution's input              its padding
//   reshape, transposition, reshape of channels     kChannelShuffle
//   every n-th pixel, then channels of zeros        kShortcutA
// Nodes that the output does not need are gone. The graph keeps names of nodes that remain.
Graph JoinOperators(Graph graph);

}  // namespace zerosweep
