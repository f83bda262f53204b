#include "engine/reconstruction/unit_caches.h"

#include <vector>

#include "engine/graph/subgraph.h"
#include "engine/quant/site_hooks.h"

namespace zerosweep {
namespace {

constexpr int64_t kBatch = 64;  // images at once

torch::Tensor RunInBatches(const Graph& graph, const torch::Tensor& x, const ForwardHooks& hooks,
                           const std::function<void()>& after_batch) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> outputs;
  for (int64_t first = 0; first < x.size(0); first += kBatch) {
    outputs.push_back(Run(graph, x.slice(0, first, first + kBatch), hooks));
    after_batch();
  }
  return torch::cat(outputs);
}

// Returns the student's value `to`, computed with its quantized sites.
torch::Tensor RunQuantized(const QuantizedNetwork& student, ActPlacement placement,
                           const torch::Tensor& images, Value to,
                           const std::function<void()>& after_batch) {
  const Subgraph part = Extract(student.graph(), {0, 0}, to);
  const bool in_front = placement == ActPlacement::kOpInput;
  std::vector<ActivationSite> sites;
  std::vector<const QuantizedActivation*> activations;
  for (const QuantizedActivation& activation : student.activations()) {
    const int node = activation.site.node;
    const bool outside = part.local[static_cast<size_t>(node)] < 0;
    if (outside || (in_front && node == to.node)) continue;
    sites.push_back(SiteInside(activation.site, part));
    activations.push_back(&activation);
  }
  const SiteHooks hooks(part.graph, sites, [&](size_t i, int reader, const torch::Tensor& tensor) {
    const int node = reader == kEveryReader ? reader : part.original[static_cast<size_t>(reader)];
    return Quantize(*activations[i], node, tensor, Unshared(tensor));
  });
  return RunInBatches(part.graph, images, hooks.hooks(), after_batch);
}

}  // namespace

UnitCaches CacheUnit(const QuantizedNetwork& student, ActPlacement placement, const Graph& teacher,
                     const torch::Tensor& images, const Phase& phase, const Unit& unit,
                     const std::function<void()>& after_batch) {
  const auto before = [&](const Graph& graph) {
    return RunInBatches(Extract(graph, {0, 0}, unit.input).graph, images, {}, after_batch);
  };
  UnitCaches caches;
  caches.x_fp = before(teacher);
  caches.y =
      RunInBatches(Extract(teacher, unit.input, unit.output).graph, caches.x_fp, {}, after_batch);
  if (!phase.fp_inputs) {
    caches.x_q = phase.quantize_activations
                     ? RunQuantized(student, placement, images, unit.input, after_batch)
                     : before(student.graph());
  }
  // Drop's masks are drawn in the order of memory.
  caches.x_fp = caches.x_fp.contiguous();
  caches.x_q = phase.fp_inputs ? caches.x_fp : caches.x_q.contiguous();
  return caches;
}

}  // namespace zerosweep
