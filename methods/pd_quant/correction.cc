#include "methods/pd_quant/correction.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/graph/subgraph.h"
#include "engine/optim/optimiser.h"
#include "engine/synthesis/batch_norm_statistics.h"

namespace zerosweep {
namespace {

constexpr int64_t kPlateauPatience = 100;  // released code
constexpr double kPlateauFactor = 0.1;
constexpr double kLowestRate = 1e-5;

torch::Tensor Matching(const Node& bn, const torch::Tensor& input) {
  return PerImageMismatch(PerImageStatistics(input, bn.name), bn.parameters.at("running_mean"),
                          RunningStd(bn));
}

bool HasBatchNorm(const Graph& graph, const Unit& unit) {
  return std::any_of(unit.nodes.begin(), unit.nodes.end(),
                     [&](int node) { return graph.nodes[node].op == Op::kBatchNorm; });
}

class Correction {
 public:
  Correction(const Graph& graph, const torch::Tensor& images, const CorrectionSettings& settings,
             Progress& progress, Checkpoints& checkpoints)
      : graph_(graph),
        images_(images),
        settings_(settings),
        progress_(progress),
        checkpoints_(checkpoints),
        units_(BlockUnits(graph)) {
    const int64_t batches = (images.size(0) + settings.batch - 1) / settings.batch;
    total_ = static_cast<int64_t>(units_.size()) * batches * settings.iterations;
  }

  std::map<std::string, torch::Tensor> Run() {
    std::optional<CheckpointState> resume = checkpoints_.Restore();
    if (resume) Load(*resume);
    for (; unit_ < units_.size(); ++unit_) {
      const Graph before = Extract(graph_, {0, 0}, unit().input).graph;
      const Graph inside = Extract(graph_, unit().input, unit().output).graph;
      torch::Tensor& done = corrected_[unit().name];
      for (int64_t first = done.defined() ? done.size(0) : 0; first < images_.size(0);
           first = done.size(0)) {
        const torch::Tensor original = Original(before, first);
        const torch::Tensor moved =
            HasBatchNorm(graph_, unit())
                ? CorrectBatch(inside, original, resume ? &*resume : nullptr)
                : original;
        resume.reset();
        iteration_ = 0;
        done = done.defined() ? torch::cat({done, moved}) : moved;
      }
    }
    return std::move(corrected_);
  }

 private:
  const Unit& unit() const { return units_[unit_]; }

  torch::Tensor Original(const Graph& before, int64_t first) const {
    const torch::NoGradGuard no_grad;
    return zerosweep::Run(before, images_.slice(0, first, first + settings_.batch));
  }

  torch::Tensor CorrectBatch(const Graph& inside, const torch::Tensor& original,
                             const CheckpointState* resume) {
    const torch::Tensor p = original.clone().set_requires_grad(true);
    Optimiser adam({{.parameters = {p}, .lr = settings_.lr}}, AdamSettings{});
    PlateauSchedule plateau(
        {.factor = kPlateauFactor, .patience = kPlateauPatience, .min_lr = kLowestRate});
    if (resume != nullptr) {
      adam.Restore("adam", *resume);
      plateau.Restore(resume->values.at("plateau"));
    }
    while (iteration_ < settings_.iterations) {
      adam.ZeroGrad();
      const torch::Tensor loss = CorrectionLoss(inside, p, original, settings_.weight);
      ++iteration_;
      ++done_;
      if (!loss.defined()) continue;
      loss.backward();
      adam.Step();
      const double value = loss.item<double>();
      if (!std::isfinite(value)) {
        FailTrial(Failure::kNonFinite, "the correction of unit {} is {} at step {}", unit().name,
                  value, iteration_ - 1);
      }
      adam.SetLearningRate(plateau.Next(value, adam.learning_rate()));
      progress_.Report(done_, total_, "iterations", fmt::format("{} {:.3g}", unit().name, value));
      checkpoints_.MaybeSave(done_, [&] { return Save(adam, plateau); });
    }
    return p.detach();
  }

  CheckpointState Save(const Optimiser& adam, const PlateauSchedule& plateau) const {
    CheckpointState state;
    state.values = {
        {"unit", unit_}, {"iteration", iteration_}, {"done", done_}, {"plateau", plateau.State()}};
    for (const auto& [name, inputs] : corrected_)
      if (inputs.defined()) state.tensors["corrected." + name] = inputs;
    adam.Save("adam", state);
    return state;
  }

  void Load(const CheckpointState& state) {
    unit_ = state.values.at("unit");
    iteration_ = state.values.at("iteration");
    done_ = state.values.at("done");
    const std::string prefix = "corrected.";
    for (const auto& [name, tensor] : state.tensors) {
      if (name.starts_with(prefix))
        corrected_[name.substr(prefix.size())] = tensor.to(images_.device());
    }
  }

  const Graph& graph_;
  const torch::Tensor& images_;
  const CorrectionSettings& settings_;
  Progress& progress_;
  Checkpoints& checkpoints_;
  std::vector<Unit> units_;
  std::map<std::string, torch::Tensor> corrected_;  // by unit: corrected inputs of the first images
  size_t unit_ = 0;
  int64_t iteration_ = 0;  // within the current batch
  int64_t done_ = 0, total_ = 0;
};

}  // namespace

torch::Tensor CorrectionLoss(const Graph& unit, const torch::Tensor& p, const torch::Tensor& p0,
                             double weight) {
  torch::Tensor matching;
  ForwardHooks hooks;
  hooks.on_input = [&](int node, const torch::Tensor& input) {
    const Node& bn = unit.nodes[node];
    if (bn.op != Op::kBatchNorm || input.size(2) * input.size(3) == 1) return;
    const torch::Tensor part = Matching(bn, input);
    matching = matching.defined() ? matching + part : part;
  };
  Run(unit, p, hooks);
  if (!matching.defined()) return matching;
  const torch::Tensor distance =
      (p - p0).square().sum() * (static_cast<double>(p.size(1)) / static_cast<double>(p.numel()));
  return matching + weight * distance;
}

std::map<std::string, torch::Tensor> CorrectInputs(const Graph& graph, const torch::Tensor& images,
                                                   const CorrectionSettings& settings,
                                                   Progress& progress, Checkpoints& checkpoints) {
  if (settings.iterations == 0) return {};
  return Correction(graph, images, settings, progress, checkpoints).Run();
}

}  // namespace zerosweep
