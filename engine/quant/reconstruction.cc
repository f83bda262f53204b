#include "engine/quant/reconstruction.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/network_facts.h"
#include "engine/quant/site_ranges.h"
#include "engine/quant/site_taps.h"
#include "engine/quant/soft_unit.h"

namespace zerosweep {
namespace {

constexpr double kMostRoundingFactor = 10;  // of the rate of V; the ratio of two methods' stays
constexpr int64_t kCacheBatch = 64;         // images at once where nothing is learned

// mean over images and pixels of Σ_channels weight·|y − t|^p; `weight` may be undefined.
torch::Tensor OutputLoss(const torch::Tensor& y, const torch::Tensor& target,
                         const torch::Tensor& weight, double p) {
  const torch::Tensor error = y - target;
  torch::Tensor powers = p == 2 ? error.square() : error.abs().pow(p);
  if (weight.defined()) powers = powers * weight;
  return powers.sum() * (static_cast<double>(y.size(1)) / static_cast<double>(y.numel()));
}

class Reconstruction {
 public:
  Reconstruction(const QuantizationContext& context, ReconstructionSettings settings,
                 UnitObjective* objective)
      : context_(context),
        settings_(std::move(settings)),
        objective_(objective),
        network_(context.teacher, context.setting,
                 [&](const torch::Tensor& weight, int bits) {
                   return SearchGrid(weight, bits, settings_.weight_range, /*per_channel=*/true);
                 }),
        teacher_(context.setting.fold_batch_norms ? FoldBatchNorms(context.teacher.graph)
                                                  : context.teacher.graph) {
    units_ = FindUnits(teacher_, settings_.units, settings_.most_unit_macs);
    CheckStem();
    CheckInputs();
    if (settings_.stem == Stem::kPreBn) TrimStem();
    if (settings_.borders && settings_.borders->rows == BorderRows::kElement)
      QuantizeByElement(context_.setting.protocol.act_placement, teacher_, network_);
    for (const Phase& phase : settings_.phases)
      total_ += phase.iterations * static_cast<int64_t>(units_.size());
  }

  Quantization Run() {
    std::optional<CheckpointState> resume = context_.checkpoints.Restore();
    if (resume) Load(*resume);
    for (; phase_ < settings_.phases.size(); ++phase_, unit_ = 0) {
      if (!resume) BeginPhase();
      for (; unit_ < units_.size(); ++unit_, step_ = 0) {
        RunUnit(resume ? &*resume : nullptr);
        resume.reset();
      }
    }
    std::map<std::string, double> metrics = {{"soft_share", worst_soft_share_}};
    return {std::move(network_), std::move(curves_), std::move(metrics)};
  }

 private:
  const Phase& phase() const { return settings_.phases[phase_]; }
  const Unit& unit() const { return units_[unit_]; }

  void CheckStem() const {
    const auto weighted = [&](int node) {
      return teacher_.nodes[static_cast<size_t>(node)].weighted();
    };
    const Unit& stem = units_.front();
    if (settings_.stem == Stem::kPostAct ||
        std::count_if(stem.nodes.begin(), stem.nodes.end(), weighted) == 1)
      return;
    Fail(ErrorKind::kUsage,
         "the first unit, {}, holds other than the first convolution alone: give units that begin "
         "with it, or set stem: post_act",
         stem.name);
  }

  // A unit knows its input as one tensor: the raw one where its own quantizers stand at it, else
  // the quantized one, which then has to be what everything inside reads.
  void CheckInputs() const {
    if (context_.setting.protocol.act_placement == ActPlacement::kOpInput) return;
    std::vector<ActSite> sites;
    for (const QuantizedActivation& activation : network_.activations())
      sites.push_back(activation.site);
    const Unit* apart = UnitWithShortcutApart(units_, sites);
    if (apart == nullptr) return;
    Fail(ErrorKind::kUsage,
         "unit {}: its shortcut does not read the quantized tensor, and a reconstruction knows "
         "only that one: set the protocol field act_placement to op_input, or shortcut to shared",
         apart->name);
  }

  // The stem ends at its convolution: the batch norm and activation behind it stand between units.
  void TrimStem() {
    Unit& stem = units_.front();
    const int convolution = teacher_.Weighted().front();
    stem.output = {convolution, 0};
    std::erase_if(stem.nodes, [&](int node) { return node > convolution; });
  }

  torch::Tensor RunCached(const Graph& graph, const torch::Tensor& x, const Taps& taps) const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> outputs;
    for (int64_t first = 0; first < x.size(0); first += kCacheBatch) {
      outputs.push_back(zerosweep::Run(graph, x.slice(0, first, first + kCacheBatch), taps));
      context_.progress.Report(static_cast<double>(done_), static_cast<double>(total_),
                               "iterations", unit().name);
    }
    return torch::cat(outputs);
  }

  // The value `to` for all images, from a graph with these taps.
  torch::Tensor Collect(const Graph& graph, const SiteTaps::Quantize& quantize, Value to) const {
    const Subgraph part = Extract(graph, {0, 0}, to);
    std::vector<ActSite> sites;
    std::vector<size_t> site_of;
    const bool in_front = context_.setting.protocol.act_placement == ActPlacement::kOpInput;
    for (size_t i = 0; quantize && i < network_.activations().size(); ++i) {
      const ActSite& site = network_.activations()[i].site;
      const int local = part.local[static_cast<size_t>(site.node)];
      if (local < 0 || (in_front && site.node == to.node)) continue;
      sites.push_back(SiteInside(site, part));
      site_of.push_back(i);
    }
    const SiteTaps taps(part.graph, sites, [&](size_t i, int reader, const torch::Tensor& tensor) {
      const int node = reader == kEveryReader ? reader : part.original[static_cast<size_t>(reader)];
      return quantize(site_of[i], node, tensor);
    });
    return RunCached(part.graph, context_.images, quantize ? taps.taps() : Taps{});
  }

  torch::Tensor Quantized(size_t site, int reader, const torch::Tensor& tensor) const {
    return Quantize(network_.activations()[site], reader, tensor);
  }

  SiteRanges Ranges() { return {network_, settings_.act_range}; }
  torch::Tensor RangeImages() const {
    return context_.images.slice(0, 0, settings_.act_init_images);
  }

  bool InitialisesByUnit() const {
    return settings_.act_init == ActInit::kPerUnit || settings_.act_init == ActInit::kSoftUnit;
  }

  void BeginPhase() {
    if (!phase().quantize_activations || InitialisesByUnit()) return;
    const bool full_precision = settings_.act_init == ActInit::kFullPrecision;
    SiteRanges ranges = Ranges();
    ranges.Search(
        {.graph = full_precision ? teacher_ : network_.graph(), .quantized = !full_precision},
        RangeImages(), ranges.Missing());
  }

  // Of sites up to this unit, those between units included.
  void InitialiseUnitSites() {
    const bool in_front = context_.setting.protocol.act_placement == ActPlacement::kOpInput;
    const int end = unit_ + 1 == units_.size() ? teacher_.output.node + 1
                                               : unit().output.node + (in_front ? 0 : 1);
    SiteRanges ranges = Ranges();
    std::vector<size_t> sites = ranges.Missing();
    std::erase_if(sites, [&](size_t i) { return network_.activations()[i].site.node >= end; });
    if (sites.empty()) return;
    if (settings_.act_init == ActInit::kSoftUnit && !Skipped()) {
      ranges.Search(WhileLearning(), RangeImages(), sites);
    } else {
      ranges.Search({.graph = network_.graph()}, RangeImages(), sites);
    }
  }

  // The student's path with this unit as it is before its first step.
  SiteRanges::Path WhileLearning() const {
    SiteRanges::Path path{.graph = network_.graph(), .each_reader = phase().mask_each_reader};
    for (const int node : unit().nodes) {
      const auto found = network_.weights().find(node);
      const bool rounded = found != network_.weights().end() &&
                           !found->second.grid.pass_through() && phase().lr_rounding > 0;
      if (!rounded) continue;
      const Node& teacher = teacher_.nodes[static_cast<size_t>(node)];
      path.weights[node] =
          SoftWeight(teacher.parameters.at("weight"), found->second.grid, false).Soft().detach();
    }
    path.keep = [this, own = SitesOf(network_, unit(), context_.setting.protocol.act_placement)](
                    size_t site, int reader, const torch::Tensor& tensor) {
      const bool drops =
          phase().keep_quantized < 1 && std::find(own.begin(), own.end(), site) != own.end();
      return drops ? Keep(MaskName(fmt::format("range{}", site), reader), tensor) : torch::Tensor();
    };
    return path;
  }

  UnitObjective::Caches MakeCaches() const {
    UnitObjective::Caches caches;
    caches.x_fp = Collect(teacher_, {}, unit().input);
    caches.y = RunCached(Extract(teacher_, unit().input, unit().output).graph, caches.x_fp, {});
    if (phase().fp_inputs) {
      caches.x_q = caches.x_fp;
    } else if (phase().quantize_activations) {
      caches.x_q = Collect(
          network_.graph(),
          [this](size_t site, int reader, const torch::Tensor& tensor) {
            return Quantized(site, reader, tensor);
          },
          unit().input);
    } else {
      caches.x_q = Collect(network_.graph(), {}, unit().input);
    }
    return caches;
  }

  bool Skipped() const {
    const bool stem = unit_ == 0 && settings_.stem == Stem::kSkip;
    return stem || phase().iterations == 0;
  }

  void RunUnit(const CheckpointState* resume) {
    if (phase().quantize_activations && InitialisesByUnit()) InitialiseUnitSites();
    if (Skipped()) {
      done_ += phase().iterations;
      return;
    }
    const SoftUnitSettings soft_settings{.learn_rounding = phase().lr_rounding > 0,
                                         .learn_weight_steps = phase().lr_weight_step > 0,
                                         .quantize_activations = phase().quantize_activations,
                                         .learn_act_steps = phase().lr_act_step > 0,
                                         .learn_borders = phase().lr_border > 0,
                                         .mask_each_reader = phase().mask_each_reader,
                                         .step_gradient = settings_.step_gradient};
    const std::vector<size_t> sites =
        SitesOf(network_, unit(), context_.setting.protocol.act_placement);
    if (settings_.borders) BeginBorders(*settings_.borders, teacher_, unit(), sites, network_);
    const SoftUnit soft(network_, teacher_, unit(), sites, soft_settings);
    if (soft.NothingToLearn()) {
      done_ += phase().iterations;
      return;
    }
    UnitObjective::Caches caches = MakeCaches();
    if (objective_ != nullptr) {
      objective_->BeginUnit(
          phase(), unit(), [&soft](const torch::Tensor& x) { return soft.Forward(x); }, caches);
    }
    Learn(soft, caches, resume);
    soft.Store(network_);
    worst_soft_share_ = std::max(worst_soft_share_, soft.SoftShare());
  }

  struct Optimisers {
    std::optional<Optimiser> rounding, steps;
    std::vector<double> step_rates;  // by group, at step 0
  };

  Optimisers MakeOptimisers(const SoftUnit& soft) const {
    Optimisers made;
    if (auto parameters = soft.RoundingParameters(); !parameters.empty()) {
      made.rounding.emplace(
          std::vector<ParameterGroup>{{std::move(parameters), phase().lr_rounding}},
          AdamSettings{});
    }
    std::vector<ParameterGroup> groups;
    const auto add = [&](std::vector<torch::Tensor> parameters, double lr) {
      if (parameters.empty()) return;
      groups.push_back({std::move(parameters), lr});
      made.step_rates.push_back(lr);
    };
    add(soft.WeightSteps(), phase().lr_weight_step);
    add(soft.ActSteps(), phase().lr_act_step);
    add(soft.Borders(), phase().lr_border);
    if (!groups.empty()) made.steps.emplace(std::move(groups), AdamSettings{});
    return made;
  }

  void Learn(const SoftUnit& soft, const UnitObjective::Caches& caches,
             const CheckpointState* resume) {
    Optimisers optimisers = MakeOptimisers(soft);
    if (resume != nullptr) {
      if (optimisers.rounding) optimisers.rounding->Restore("rounding", *resume);
      if (optimisers.steps) optimisers.steps->Restore("steps", *resume);
    }
    const int64_t total = phase().iterations;
    while (step_ < total) {
      if (optimisers.rounding) optimisers.rounding->ZeroGrad();
      if (optimisers.steps) optimisers.steps->ZeroGrad();
      Step(soft, caches);
      for (size_t g = 0; g < optimisers.step_rates.size(); ++g) {
        optimisers.steps->SetLearningRate(
            g, CosineRate(optimisers.step_rates[g], static_cast<double>(step_),
                          static_cast<double>(total)));
      }
      if (optimisers.rounding) optimisers.rounding->Step();
      if (optimisers.steps) optimisers.steps->Step();
      ++step_;
      context_.progress.Report(static_cast<double>(++done_), static_cast<double>(total_),
                               "iterations", fmt::format("{} {:.3g}", unit().name, last_loss_));
      context_.checkpoints.Offer(done_, [&] { return Save(optimisers); });
    }
  }

  // Purposes of random draws, apart for every phase and unit.
  std::string Purpose(const std::string& what) const {
    return fmt::format("{}:{}:{}", what, phase().name, unit().name);
  }

  torch::Tensor BatchIndices() const {
    const auto images = static_cast<uint32_t>(context_.images.size(0));
    RandomSequence draws = context_.random.Shared(static_cast<uint64_t>(step_), Purpose("batch"));
    std::vector<int64_t> indices(static_cast<size_t>(settings_.batch));
    for (int64_t& index : indices) index = draws.Below(images);
    return torch::tensor(indices, torch::kInt64).to(context_.images.device());
  }

  torch::Tensor Keep(const std::string& what, const torch::Tensor& like) const {
    return context_.random.KeepForSamples(static_cast<uint64_t>(step_), Purpose(what), like,
                                          phase().keep_quantized);
  }

  // Names the draws of a mask: those of a reader of its own, or of all.
  static std::string MaskName(std::string what, int reader) {
    if (reader != kEveryReader) what += fmt::format(".{}", reader);
    return what;
  }

  // The unit's input for a batch, under drop.
  torch::Tensor Input(const UnitObjective::Caches& caches, const torch::Tensor& indices) const {
    const torch::Tensor x = caches.x_q.index_select(0, indices);
    if (phase().keep_quantized >= 1 || phase().fp_inputs) return x;
    return torch::where(Keep("input", x).to(torch::kBool), x, caches.x_fp.index_select(0, indices));
  }

  // Runs the soft unit under drop, each time with draws of its own.
  UnitObjective::Student DroppedStudent(const SoftUnit& soft) const {
    return [this, &soft, forwards = 0](const torch::Tensor& input) mutable {
      SoftUnit::Keep keep;
      if (phase().keep_quantized < 1) {
        keep = [this, forward = forwards](size_t i, int reader, const torch::Tensor& tensor) {
          return Keep(MaskName(fmt::format("site{}.{}", i, forward), reader), tensor);
        };
      }
      ++forwards;
      return soft.Forward(input, keep);
    };
  }

  void Step(const SoftUnit& soft, const UnitObjective::Caches& caches) {
    const torch::Tensor indices = BatchIndices();
    const UnitObjective::Student student = DroppedStudent(soft);
    const torch::Tensor weight =
        caches.weight.defined() ? caches.weight.index_select(0, indices) : torch::Tensor();
    torch::Tensor loss = OutputLoss(student(Input(caches, indices)),
                                    caches.y.index_select(0, indices), weight, phase().p);
    Record("output", loss);
    const torch::Tensor extra =
        objective_ != nullptr ? objective_->ExtraLoss(caches, indices, student) : torch::Tensor();
    if (extra.defined()) {
      Record("extra", extra);
      loss = loss + extra;
    }
    // All released codes count steps from 1.
    const int64_t count = step_ + 1;
    const bool warm =
        static_cast<double>(count) < settings_.warmup * static_cast<double>(phase().iterations);
    if (!soft.RoundingParameters().empty() && !warm) {
      const torch::Tensor rounding =
          settings_.round_weight *
          soft.RoundingLoss(RoundingExponent(settings_, count, phase().iterations));
      Record("rounding", rounding);
      loss = loss + rounding;
    }
    loss.backward();
  }

  void Record(const std::string& term, const torch::Tensor& value) {
    const double number = value.item<double>();
    if (!std::isfinite(number)) {
      FailTrial(Failure::kNonFinite, "{}: the {} loss of unit {} is {} at step {}", phase().name,
                term, unit().name, number, step_);
    }
    if (term == "output") last_loss_ = number;
    curves_[fmt::format("{} {} {}", phase().name, unit().name, term)].Add(number);
  }

  CheckpointState Save(const Optimisers& optimisers) const {
    CheckpointState state;
    state.values = {{"phase", phase_},
                    {"unit", unit_},
                    {"step", step_},
                    {"done", done_},
                    {"soft_share", worst_soft_share_},
                    {"curves", CurvesState(curves_)}};
    for (const auto& [name, tensor] : network_.State()) state.tensors["network." + name] = tensor;
    if (optimisers.rounding) optimisers.rounding->Save("rounding", state);
    if (optimisers.steps) optimisers.steps->Save("steps", state);
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
  ReconstructionSettings settings_;
  UnitObjective* objective_;
  QuantizedNetwork network_;  // finished units are hard, later ones rounded to nearest
  Graph teacher_;             // full precision, the network's nodes
  std::vector<Unit> units_;
  size_t phase_ = 0, unit_ = 0;
  int64_t step_ = 0;              // of this unit
  int64_t done_ = 0, total_ = 0;  // steps of all
  double worst_soft_share_ = 0;
  double last_loss_ = 0;
  Curves curves_;
};

}  // namespace

double RoundingExponent(const ReconstructionSettings& settings, int64_t t, int64_t total) {
  const double start = settings.warmup * static_cast<double>(total);
  const double share =
      std::clamp((static_cast<double>(t) - start) / (static_cast<double>(total) - start), 0.0, 1.0);
  return settings.b_end + (settings.b_start - settings.b_end) * (1 - share);
}

Phase ScaledRates(Phase phase) {
  if (phase.iterations == 0) return phase;
  const double fewer =
      static_cast<double>(phase.reference_iterations) / static_cast<double>(phase.iterations);
  if (fewer <= 1) return phase;
  phase.lr_rounding *= std::min(fewer, kMostRoundingFactor);
  phase.lr_weight_step *= std::sqrt(fewer);
  phase.lr_act_step *= std::sqrt(fewer);
  return phase;
}

Quantization Reconstruct(const QuantizationContext& context, ReconstructionSettings settings,
                         UnitObjective* objective) {
  if (context.images.size(0) < 1) Fail(ErrorKind::kUsage, "reconstruction: there are no images");
  if (settings.scaled_rates)
    for (Phase& phase : settings.phases) phase = ScaledRates(phase);
  return Reconstruction(context, std::move(settings), objective).Run();
}

}  // namespace zerosweep
