#include "engine/reconstruction/reconstruction.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "engine/quant/network_facts.h"
#include "engine/reconstruction/site_ranges.h"
#include "engine/reconstruction/soft_unit.h"
#include "engine/reconstruction/unit_caches.h"
#include "engine/reconstruction/unit_draws.h"
#include "engine/reconstruction/unit_training.h"

namespace zerosweep {
namespace {

constexpr int64_t kStepsPerReading = 20;  // of the losses

// If the stem is treated specially, the first unit must be the first convolution alone.
void CheckStem(const Graph& graph, const Unit& stem) {
  const auto weighted = [&](int node) { return graph.nodes[node].weighted(); };
  if (std::count_if(stem.nodes.begin(), stem.nodes.end(), weighted) == 1) return;
  Fail(ErrorKind::kUsage,
       "the first unit, {}, holds other than the first convolution alone: give units that begin "
       "with it, or set stem: post_act",
       stem.name);
}

// Ends the stem at its convolution; the batch norm and activation after it then lie between units.
void TrimStem(const Graph& graph, Unit& stem) {
  const int convolution = graph.Weighted().front();
  stem.output = {convolution, 0};
  std::erase_if(stem.nodes, [&](int node) { return node > convolution; });
}

// A unit has a single input tensor. It is the raw one if the unit's own quantizers stand at its
// input; otherwise it is the quantized one, and every reader inside must then read that.
void CheckInputs(const std::vector<Unit>& units, const QuantizedNetwork& network) {
  const std::vector<ActivationSite> sites = network.Sites();
  const Unit* apart = UnitWithShortcutApart(units, sites);
  if (apart == nullptr) return;
  Fail(ErrorKind::kUsage,
       "unit {}: its shortcut does not read the quantized tensor, and a reconstruction knows "
       "only that one: set the protocol field act_placement to op_input, or shortcut to shared",
       apart->name);
}

// The loop over phases and units.
class Reconstruction {
 public:
  Reconstruction(const QuantizationContext& context, ReconstructionSettings settings,
                 UnitObjective* objective)
      : context_(context),
        placement_(context.setting.protocol.act_placement),
        settings_(std::move(settings)),
        objective_(objective),
        network_(context.teacher, context.setting,
                 [&](const torch::Tensor& weight, int bits) {
                   return EstimateGrid(weight, bits, settings_.weight_range, /*per_channel=*/true);
                 }),
        teacher_(context.setting.fold_batch_norms ? FoldBatchNorms(context.teacher.graph)
                                                  : context.teacher.graph),
        units_(FindUnits(teacher_, settings_.units, settings_.max_unit_macs)),
        ranges_(settings_, placement_, teacher_, context.images, network_) {
    if (settings_.stem != Stem::kPostAct) CheckStem(teacher_, units_.front());
    if (settings_.stem == Stem::kPreBn) TrimStem(teacher_, units_.front());
    if (placement_ != ActPlacement::kOpInput) CheckInputs(units_, network_);
    if (settings_.borders && settings_.borders->rows == BorderRows::kElement)
      QuantizeByElement(placement_, teacher_, network_);
    for (const Phase& phase : settings_.phases)
      total_ += phase.iterations * static_cast<int64_t>(units_.size());
  }

  Quantization Run() {
    std::optional<CheckpointState> resume = context_.checkpoints.Restore();
    if (resume) Load(*resume);
    for (; phase_ < settings_.phases.size(); ++phase_, unit_ = 0) {
      if (!resume) ranges_.BeginPhase(phase());
      UnitCacher caches(network_, placement_, teacher_, units_, context_.images,
                        [this] { Report(unit().name); });
      for (; unit_ < units_.size(); ++unit_, step_ = 0) {
        const int64_t end = done_ - step_ + phase().iterations;
        VisitUnit(resume ? &*resume : nullptr, caches);
        resume.reset();
        done_ = end;
      }
    }
    std::map<std::string, double> metrics = {{"soft_share", worst_soft_share_}};
    return {std::move(network_), std::move(curves_), std::move(metrics)};
  }

 private:
  const Phase& phase() const { return settings_.phases[phase_]; }
  const Unit& unit() const { return units_[unit_]; }

  void VisitUnit(const CheckpointState* resume, UnitCacher& caches) {
    const UnitDraws draws(context_.random, phase(), unit());
    const bool skipped_stem = unit_ == 0 && settings_.stem == Stem::kSkip;
    const bool trained = !skipped_stem && phase().iterations > 0;
    ranges_.BeginUnit(phase(), unit(), unit_ + 1 == units_.size(), trained ? &draws : nullptr);
    if (!trained) return;
    const std::vector<size_t> sites = SitesOf(network_, unit(), placement_);
    if (settings_.borders) BeginBorders(*settings_.borders, teacher_, unit(), sites, network_);
    const SoftUnit soft(network_, teacher_, unit(), sites, SoftSettings(settings_, phase()));
    if (soft.NothingToLearn()) return;
    UnitTraining training(settings_, phase(), unit(), draws, soft, objective_,
                          caches.Of(phase(), unit_));
    if (resume != nullptr) training.Restore(*resume);
    Train(training);
    soft.Store(network_);
    worst_soft_share_ = std::max(worst_soft_share_, soft.SoftShare());
  }

  void Train(UnitTraining& training) {
    const int64_t first = step_;
    double loss = 0;
    while (step_ < phase().iterations) {
      training.Step(step_);
      ++step_;
      ++done_;
      if (step_ == first + 1 || step_ % kStepsPerReading == 0 || step_ == phase().iterations)
        loss = training.ReadLosses(curves_);
      Report(fmt::format("{} {:.3g}", unit().name, loss));
      context_.checkpoints.MaybeSave(done_, [&] {
        training.ReadLosses(curves_);
        return Save(training);
      });
    }
  }

  void Report(const std::string& what) const {
    context_.progress.Report(static_cast<double>(done_), static_cast<double>(total_), "iterations",
                             what);
  }

  CheckpointState Save(const UnitTraining& training) const {
    CheckpointState state;
    state.values = {{"phase", phase_},
                    {"unit", unit_},
                    {"step", step_},
                    {"done", done_},
                    {"soft_share", worst_soft_share_},
                    {"curves", CurvesState(curves_)}};
    for (const auto& [name, tensor] : network_.State()) state.tensors["network." + name] = tensor;
    training.Save(state);
    return state;
  }

  void Load(const CheckpointState& state) {
    phase_ = state.values.at("phase");
    unit_ = state.values.at("unit");
    step_ = state.values.at("step");
    done_ = state.values.at("done");
    worst_soft_share_ = state.values.at("soft_share");
    curves_ = CurvesFromState(state.values.at("curves"));
    std::map<std::string, torch::Tensor> network;
    for (const auto& [name, tensor] : state.tensors) {
      if (name.starts_with("network.")) network[name.substr(8)] = tensor;
    }
    network_.LoadState(network);
  }

  const QuantizationContext& context_;
  ActPlacement placement_;
  ReconstructionSettings settings_;
  UnitObjective* objective_;
  QuantizedNetwork network_;  // finished units are hard, later ones rounded to nearest
  Graph teacher_;             // the network's nodes in full precision
  std::vector<Unit> units_;
  SiteRanges ranges_;
  size_t phase_ = 0, unit_ = 0;
  int64_t step_ = 0;              // within this unit
  int64_t done_ = 0, total_ = 0;  // steps of all units
  double worst_soft_share_ = 0;
  Curves curves_;
};

}  // namespace

Quantization Reconstruct(const QuantizationContext& context, ReconstructionSettings settings,
                         UnitObjective* objective) {
  if (context.images.size(0) < 1) Fail(ErrorKind::kUsage, "reconstruction: there are no images");
  if (settings.scaled_rates)
    for (Phase& phase : settings.phases) phase = ScaledRates(phase);
  return Reconstruction(context, std::move(settings), objective).Run();
}

}  // namespace zerosweep
