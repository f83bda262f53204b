// A joint method on a tiny network, with all objects that must outlive it.
#pragma once

#include <torch/types.h>

#include <string>
#include <utility>

#include "engine/data/transform.h"
#include "engine/quant/quantizer.h"
#include "tests/support/engine/memory_checkpoints.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {

inline Teacher InType(const Teacher& given, torch::ScalarType type) {
  Teacher teacher = given;
  teacher.graph = given.graph.Clone();
  for (Node& node : teacher.graph.nodes)
    for (auto& [name, tensor] : node.parameters) tensor = tensor.to(type);
  return teacher;
}

// Most images have the class that the teacher assigns to them; every class occurs.
inline Dataset RealImages(const Teacher& teacher) {
  torch::manual_seed(5);
  const torch::Tensor images = torch::randint(256, teacher.graph.BatchShape(24)).to(torch::kUInt8);
  const torch::Tensor seen =
      Run(teacher.graph, Normalise(images, teacher.mean, teacher.std).to(teacher.options()))
          .argmax(1);
  return {.name = "tiny",
          .split = "calibration",
          .images = ImagesInMemory(images),
          .labels = torch::cat({seen.slice(0, 0, 20), torch::arange(4)}),
          .classes = 4};
}

// The inputs of a method's run, with all objects that must outlive it.
struct GenerativeCase {
  explicit GenerativeCase(const std::string& name, const Json& given = Json::object(),
                          torch::ScalarType type = torch::kFloat32,
                          const Teacher& of = TinyTeacher())
      : entry(QuantizerRegistry::Get(name)), teacher(InType(of, type)), real(RealImages(teacher)) {
    Json all = {{"batch", 8},       {"warm_up", 3},    {"iterations", 4},
                {"calibration", 3}, {"snapshots", 2},  {"heldout", 8},
                {"lr", 0.01},       {"momentum", 0.9}, {"latents", 6}};
    if (name == "clusterq")
      all.update({{"class_batch", 6}, {"centroids_from", 2}, {"epoch", 2}, {"centroid_images", 6}});
    if (name == "fdda") all.update({{"class_batch", 6}, {"real_images", 20}, {"any_class", 2}});
    if (!given.is_null()) all.update(given);  // {} is null
    params = std::move(all);
  }

  QuantizationContext Context(Group& group, Checkpoints& checkpoints) {
    return {.teacher = teacher,
            .images = images,
            .setting = {protocol, false, 4, 4},
            .random = RandomStreams(3),
            .progress = progress,
            .checkpoints = checkpoints,
            .group = group,
            .real_data = &real};
  }
  Quantization Run(Group& group, Checkpoints& checkpoints) {
    return entry.function(Context(group, checkpoints), params);
  }

  const QuantizerRegistry::Entry& entry;
  Teacher teacher;
  Json params;  // the given parameters
  torch::Tensor images;
  Dataset real;
  Protocol protocol;
  QuietProgress progress;
};

struct Alone {
  SoloGroup group;
  NoCheckpoints checkpoints;
};

}  // namespace zerosweep
