#include "tests/support/engine/tiny_network.h"

#include <torch/types.h>

#include <utility>

#include "engine/models/builder.h"

namespace zerosweep {
namespace {

// A teacher of four classes with random batch-norm statistics.
Teacher Finished(Graph graph, uint64_t seed) {
  Teacher teacher;
  teacher.graph = std::move(graph);
  InitialiseParameters(teacher.graph, seed);
  torch::manual_seed(static_cast<int64_t>(seed) + 1);
  for (const int node : teacher.graph.BatchNorms()) {
    auto& parameters = teacher.graph.nodes[static_cast<size_t>(node)].parameters;
    parameters["running_mean"] = torch::randn({8}) * 0.3;
    parameters["running_var"] = torch::rand({8}) + 0.5;
    parameters["weight"] = torch::rand({8}) + 0.5;
    parameters["bias"] = torch::randn({8}) * 0.2;
  }
  teacher.arch = "tiny";
  teacher.dataset = "none";
  teacher.classes = 4;
  teacher.mean = {0.5, 0.5, 0.5};
  teacher.std = {0.25, 0.25, 0.25};
  return teacher;
}

}  // namespace

Teacher TinyTeacher(uint64_t seed) {
  GraphBuilder build({3, 8, 8});
  Value x = build.Conv("conv1", build.Input(), {.in = 3, .out = 8, .kernel = 3, .padding = 1});
  x = build.BatchNorm("bn1", x, 8);
  const Value stem = build.Apply("relu1", Op::kRelu, {x});
  x = build.Conv("conv2", stem, {.in = 8, .out = 8, .kernel = 3, .stride = 2, .padding = 1});
  x = build.BatchNorm("bn2", x, 8);
  const Value pooled = build.Apply("pool", Op::kAvgPool, {stem}, {{"kernel", 2}, {"stride", 2}});
  x = build.Apply("add", Op::kAdd, {x, pooled});
  x = build.Apply("relu2", Op::kRelu, {x});
  x = build.Apply("mean", Op::kGlobalAvgPool, {x});
  x = build.Apply("flatten", Op::kFlatten, {x});
  return Finished(build.Finish(build.Linear("fc", x, 8, 4)), seed);
}

Teacher ConvHeadTeacher(int64_t side, bool flatten) {
  GraphBuilder build({3, side, side});
  Value x = build.Conv("conv1", build.Input(), {.in = 3, .out = 8, .kernel = 3, .padding = 1});
  x = build.Apply("relu1", Op::kRelu, {build.BatchNorm("bn1", x, 8)});
  x = build.Conv("conv2", x, {.in = 8, .out = 8, .kernel = 3, .stride = 2, .padding = 1});
  x = build.Apply("relu2", Op::kRelu, {build.BatchNorm("bn2", x, 8)});
  x = build.Apply("mean", Op::kGlobalAvgPool, {x});
  x = build.Conv("output", x, {.in = 8, .out = 4});
  if (flatten) x = build.Apply("flatten", Op::kFlatten, {x});
  return Finished(build.Finish(x), 0);
}

Teacher SkipTeacher() {
  GraphBuilder build({3, 8, 8});
  Value x = build.Conv("conv1", build.Input(), {.in = 3, .out = 4, .kernel = 3, .padding = 1});
  const Value stem = build.Apply("relu1", Op::kRelu, {x});
  x = build.Conv("conv2", stem, {.in = 4, .out = 4, .kernel = 3, .padding = 1});
  x = build.Apply("relu2", Op::kRelu, {build.Apply("add", Op::kAdd, {x, stem})});
  x = build.Apply("flatten", Op::kFlatten, {build.Apply("mean", Op::kGlobalAvgPool, {x})});
  Teacher teacher;
  teacher.graph = build.Finish(build.Linear("fc", x, 4, 3));
  InitialiseParameters(teacher.graph, 1);
  return teacher;
}

}  // namespace zerosweep
