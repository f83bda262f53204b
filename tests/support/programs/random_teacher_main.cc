// Makes a stand-in for a trained network, and two images of its size:
//
//   random_teacher ARCH CLASSES CHANNELS SIDE FOLDER
//
// writes weights.safetensors, 0.png and 1.png into FOLDER. The weights are random. Every batch norm
// has the statistics of its input for two random images, so that the network's tensors keep their
// scale at any depth. 0.png is an image of an even class, or 1.png one of an odd class, as the network
// sees them: cells of papers give them these labels, and FDDA wants a class that its teacher knows.
#include <torch/types.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "contract/image_folder.h"
#include "engine/data/image.h"
#include "engine/data/resample.h"
#include "engine/data/transform.h"
#include "engine/graph/executor.h"
#include "engine/import/safetensors.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"
#include "engine/random/streams.h"
#include "tests/support/engine/batch_norm_inputs.h"

namespace zerosweep {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kImages = 2;

// Sets each batch norm's statistics before it runs, so that later nodes see their effect.
void MeasureStatistics(const Graph& graph, const torch::Tensor& images) {
  VisitBatchNormInputs(graph, images, [](const Node& node, const torch::Tensor& input) {
    torch::Tensor mean = node.parameters.at("running_mean");
    torch::Tensor variance = node.parameters.at("running_var");
    mean.copy_(input.mean({0, 2, 3}));
    variance.copy_(input.var({0, 2, 3}, /*unbiased=*/false).clamp_min(1e-2));
  });
}

Image RandomImage(int64_t channels, int64_t side, const RandomStreams& random, uint64_t which) {
  Image image{side, side, channels, {}};
  RandomSequence draws = random.Shared(which, "pixels");
  for (int64_t i = 0; i < side * side * channels; ++i)
    image.pixels.push_back(static_cast<uint8_t>(draws.Below(256)));
  return image;
}

// Resized and normalised as ImageNet's in the papers' sweeps.
bool IsOfEvenClass(const Graph& graph, const Image& stored) {
  if (stored.channels != 3) return true;
  const Image image = ResizeAndCentreCrop(stored, UsualResize(stored.height), stored.height);
  const torch::Tensor pixels =
      torch::tensor(image.pixels).view({1, image.height, image.width, 3}).permute({0, 3, 1, 2});
  const torch::Tensor x = Normalise(pixels, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
  return Run(graph, x).argmax(1).item<int64_t>() % 2 == 0;
}

void Make(const std::string& arch, int classes, int64_t channels, int64_t side,
          const std::filesystem::path& folder) {
  const torch::NoGradGuard no_grad;
  const RandomStreams random(kSeed);
  Graph graph = BuildModel(arch, channels, side, side, classes);
  InitialiseParameters(graph, kSeed);
  MeasureStatistics(graph, random.NormalForSamples(0, "images", graph.BatchShape(kImages), 0));
  WriteSafetensors(folder / "weights.safetensors", StateOf(graph));
  std::vector<Image> images;
  for (uint64_t i = 0; i < kImages; ++i) images.push_back(RandomImage(channels, side, random, i));
  if (!IsOfEvenClass(graph, images[0]) && IsOfEvenClass(graph, images[1]))
    std::swap(images[0], images[1]);
  for (size_t i = 0; i < images.size(); ++i)
    WriteFileDurably(folder / fmt::format("{}.png", i), EncodePng(images[i]));
}

}  // namespace
}  // namespace zerosweep

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: random_teacher ARCH CLASSES CHANNELS SIDE FOLDER\n");
    return 2;
  }
  try {
    zerosweep::Make(argv[1], std::atoi(argv[2]), std::atol(argv[3]), std::atol(argv[4]), argv[5]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "random_teacher: %s\n", error.what());
    return 1;
  }
  return 0;
}
