#include "engine/reconstruction/unit_caches.h"

#include <utility>

#include "engine/quant/site_hooks.h"

namespace zerosweep {
namespace {

constexpr int64_t kBatch = 64;  // images at once

}  // namespace

Way::Way(const Graph& graph, const torch::Tensor& images)
    : graph_(graph), places_{{{0, 0}, images, images.suggest_memory_format(), /*made=*/false}} {}

size_t Way::Index(Value to) const {
  size_t i = places_.size() - 1;
  while (i > 0 && !DependsOnAlone(graph_, to, places_[i].value)) --i;
  return i;
}

const Place& Way::Reach(Place place, std::span<const Unit> ahead) {
  places_.push_back(std::move(place));
  std::vector<bool> needed(places_.size());
  needed.front() = needed.back() = true;
  for (const Unit& unit : ahead) needed[Index(unit.input)] = true;
  std::vector<Place> left;
  for (size_t i = 0; i < places_.size(); ++i)
    if (needed[i]) left.push_back(std::move(places_[i]));
  places_ = std::move(left);
  return places_.back();
}

UnitCacher::UnitCacher(const QuantizedNetwork& student, ActPlacement placement,
                       const Graph& teacher, std::span<const Unit> units,
                       const torch::Tensor& images, std::function<void()> after_batch)
    : student_(student),
      placement_(placement),
      teacher_(teacher),
      units_(units),
      after_batch_(std::move(after_batch)),
      in_teacher_(teacher, images),
      in_student_(student.graph(), images) {}

// Runs the part of a network between a place and `to`.
Place UnitCacher::Run(const Place& from, const Subgraph& part, Value to,
                      const ForwardHooks& hooks) const {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> outputs;
  for (int64_t first = 0; first < from.x.size(0); first += kBatch) {
    // In the format of a pass without a stop, whose sums it then has to the last bit.
    const torch::Tensor x = from.x.slice(0, first, first + kBatch).contiguous(from.format);
    outputs.push_back(zerosweep::Run(part.graph, x, hooks));
    after_batch_();
  }
  const at::MemoryFormat format = outputs.front().suggest_memory_format();
  return {to, torch::cat(outputs), format};
}

const Place& UnitCacher::ReachInTeacher(Value to, std::span<const Unit> ahead) {
  const Place& from = in_teacher_.Before(to);
  if (from.value == to) return from;
  return in_teacher_.Reach(Run(from, Extract(teacher_, from.value, to), to, {}), ahead);
}

// Returns the contiguous tensor at `to`, with the student's quantizers at the sites on the way.
torch::Tensor UnitCacher::ReachInStudent(bool quantized, Value to, std::span<const Unit> ahead) {
  const Place& from = in_student_.Before(to);
  if (from.made && from.value == to) return from.x;
  const Subgraph part = Extract(student_.graph(), from.value, to);
  const bool in_front = placement_ == ActPlacement::kOpInput;
  std::vector<ActivationSite> sites;
  std::vector<const QuantizedActivation*> activations;
  bool one_for_all = true;  // whether every reader of `to` gets the tensor that is made here
  for (const QuantizedActivation& activation : student_.activations()) {
    const Value at = activation.site.value();
    const bool apart = activation.site.only || !activation.site.exempt.empty();
    if (quantized && !in_front && at == to && apart) one_for_all = false;
    const bool inside = part.local[static_cast<size_t>(at.node)] >= 0;
    // The tensor at an end is quantized by its readers, or was when it was made.
    const bool elsewhere = in_front ? at.node == to.node : from.made && at == from.value;
    if (!quantized || !inside || elsewhere) continue;
    sites.push_back(SiteInside(activation.site, part));
    activations.push_back(&activation);
  }
  const SiteHooks hooks(part.graph, sites, [&](size_t i, int reader, const torch::Tensor& tensor) {
    const int node = reader == kEveryReader ? reader : part.original[static_cast<size_t>(reader)];
    return Quantize(*activations[i], node, tensor, Unshared(tensor));
  });
  Place place = Run(from, part, to, hooks.hooks());
  place.x = place.x.contiguous();  // as the caches have it, so that both share the memory
  return one_for_all ? in_student_.Reach(std::move(place), ahead).x : place.x;
}

UnitCaches UnitCacher::Of(const Phase& phase, size_t unit) {
  const auto& [name, input, output, nodes] = units_[unit];
  const std::span<const Unit> ahead = units_.subspan(unit + 1);
  UnitCaches caches;
  // Drop's masks are drawn in the order of memory.
  caches.x_fp = ReachInTeacher(input, ahead).x.contiguous();
  caches.y = ReachInTeacher(output, ahead).x;
  caches.x_q =
      phase.fp_inputs ? caches.x_fp : ReachInStudent(phase.quantize_activations, input, ahead);
  return caches;
}

}  // namespace zerosweep
