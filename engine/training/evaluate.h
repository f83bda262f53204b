// Top-1 accuracy of a network on a dataset, or what it says of images without labels.
#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/transform.h"
#include "engine/graph/graph.h"

namespace zerosweep {

struct Evaluation {
  int64_t images = 0;
  bool is_labelled = true;  // otherwise there are predictions alone
  int64_t right = 0;        // predictions that are the label or another right class
  double top1 = 0;          // right / images, in [0, 1]
  double loss = 0;          // mean cross-entropy to the labels
  // int32 and bool, one per image; predictions are undefined unless outputs are N×K.
  torch::Tensor predictions, correct;

  double top1_percent() const { return 100.0 * top1; }
};

// Normalised images N×C×H×W → logits N×K; without labels any other outputs.
using Forward = std::function<torch::Tensor(const torch::Tensor& images)>;

// Evaluates functions on the first `limit` images (0 = all), `batch` at a time, without gradients:
// one result for each function. Every image is read and normalised once, and passed in
// channels-last memory on `device` to one function after the other.
std::vector<Evaluation> EvaluateForwards(const std::vector<Forward>& forwards,
                                         const Dataset& dataset, const Normalisation& normalisation,
                                         int64_t limit = 0, int64_t batch = 100,
                                         torch::Device device = torch::kCPU);

// Evaluates the network with its batch norms folded (outputs agree to 1e-4), in float32, on the
// device of its parameters. Throws kUsage when the images have another shape.
Evaluation Evaluate(const Graph& graph, const Dataset& dataset, const Normalisation& normalisation);

// Returns the graph with its convolution weights in channels-last memory, which the CPU's
// convolutions use without conversion.
Graph ToChannelsLast(const Graph& graph);

}  // namespace zerosweep
