#include "engine/training/student_training.h"

#include <cmath>
#include <vector>

#include "base/error.h"
#include "engine/training/snapshots.h"

namespace zerosweep {
namespace {

// Transfers all terms from the device at once.
std::vector<double> NumbersOf(const Terms& terms) {
  if (terms.empty()) return {};
  std::vector<torch::Tensor> tensors;
  for (const auto& [name, term] : terms) tensors.push_back(term.detach());
  const torch::Tensor values = torch::stack(tensors).to(torch::kCPU, torch::kFloat64);
  const double* first = values.const_data_ptr<double>();
  return {first, first + values.numel()};
}

class StudentTraining {
 public:
  StudentTraining(const QuantizationContext& context, const std::string& name,
                  const StudentTrainingSettings& settings, BatchSource& source)
      : context_(context),
        name_(name),
        settings_(settings),
        source_(source),
        student_(context.teacher, context.setting, settings.ranges),
        optimiser_(MakeOptimiser()),
        snapshots_(settings.snapshots, settings.iterations) {}

  Quantization Run() {
    int64_t step = 0;
    if (const auto state = context_.checkpoints.Restore()) step = Restore(*state);
    for (; step < settings_.steps(); ++step) {
      context_.checkpoints.MaybeSave(step, [&] { return State(step); });
      KeepSnapshot(step);
      Step(step);
    }
    KeepSnapshot(step);
    return Result();
  }

 private:
  Optimiser MakeOptimiser() {
    std::vector<ParameterGroup> groups = {
        {student_.Parameters(), settings_.lr, settings_.weight_decay}};
    if (auto ranges = student_.RangeParameters(); !ranges.empty())
      groups.push_back({std::move(ranges), settings_.range_lr, settings_.range_decay});
    for (const ParameterGroup& group : groups) {
      rates_.push_back(group.lr);
      leaves_.insert(leaves_.end(), group.parameters.begin(), group.parameters.end());
    }
    if (settings_.adam) return Optimiser(groups, AdamSettings{});
    return Optimiser(groups, SgdSettings{settings_.momentum, settings_.momentum > 0});
  }

  void KeepSnapshot(int64_t step) {
    if (step >= settings_.warm_up) snapshots_.OnStep(step - settings_.warm_up, student_);
  }

  void Step(int64_t step) {
    Terms shown;
    const TrainingBatch batch = source_.Next(step, shown);
    if (step < settings_.calibration) student_.Calibrate(context_.group, batch.images);
    if (step >= settings_.warm_up) Train(step - settings_.warm_up, batch, shown);
    source_.EndStep(step);
    Record(step, shown);
  }

  // done: steps that it has been trained so far.
  void Train(int64_t done, const TrainingBatch& batch, Terms& shown) {
    const double share =
        static_cast<double>(batch.images.size(0)) / static_cast<double>(batch.count);
    const auto [divergence, cross_entropy] =
        LossOf(student_.Forward(batch.images, share), batch, settings_.distillation);
    const torch::Tensor loss = divergence + cross_entropy;
    for (size_t group = 0; group < rates_.size(); ++group)
      optimiser_.SetLearningRate(group, settings_.rate.Factor(done) * rates_[group]);
    optimiser_.ZeroGrad();
    loss.backward();
    SumGradients(context_.group, leaves_);
    optimiser_.Step();
    shown["distillation"] = divergence;
    shown["cross_entropy"] = cross_entropy;
    shown["loss"] = loss;
  }

  // Records the losses of the whole batch, for curves and display; they are equal on all ranks.
  void Record(int64_t step, const Terms& shown) {
    const std::vector<double> losses = SumNumbers(context_.group, NumbersOf(shown));
    auto loss = losses.begin();
    for (const auto& [term, share] : shown) {
      if (!std::isfinite(*loss)) {
        FailTrial(Failure::kNonFinite,
                  "{}: the loss ({}) became {} in iteration {} of {}: lower {}", name_, term, *loss,
                  step, settings_.steps(), source_.Rates());
      }
      curves_[term].Add(*loss++);
    }
    context_.progress.Report(step + 1, settings_.steps(), "iterations", Shown(shown));
  }

  std::string Shown(const Terms& shown) const {
    for (const char* term : {"loss", "generator_loss"})
      if (shown.contains(term)) return fmt::format("loss {:.3g}", curves_.at(term).last());
    return "calibration";
  }

  Quantization Result() {
    const torch::NoGradGuard no_grad;
    Quantization result{student_.Quantized(), curves_, {}};
    const BatchSource::HeldOut heldout = source_.MakeHeldOut();
    if (heldout.images.defined()) {
      snapshots_.Score(result.network, heldout.images, heldout.targets);
      result.metrics["heldout_loss"] = *snapshots_.all().back().heldout_loss;
    }
    result.snapshots = snapshots_.all();
    for (const char* term : {"loss", "generator_loss"}) {
      if (!curves_.contains(term)) continue;
      result.metrics[std::string("initial_") + term] = curves_.at(term).first();
      result.metrics[std::string("final_") + term] = curves_.at(term).last();
    }
    result.metrics.merge(
        StudentBudget(settings_, source_.StudentImages(), context_.teacher.classes));
    source_.Describe(heldout, result);
    return result;
  }

  CheckpointState State(int64_t step) const {
    CheckpointState state;
    student_.Save("student.", state);
    optimiser_.Save("optimiser.", state);
    snapshots_.Save("snapshots.", state);
    source_.Save(state);
    state.values["curves"] = CurvesState(curves_);
    state.values["step"] = step;
    return state;
  }

  int64_t Restore(const CheckpointState& state) {
    student_.Restore("student.", state);
    optimiser_.Restore("optimiser.", state);
    snapshots_.Restore("snapshots.", state);
    source_.Restore(state);
    curves_ = CurvesFromState(state.values.at("curves"));
    return state.values.at("step");
  }

  const QuantizationContext& context_;
  std::string name_;
  StudentTrainingSettings settings_;
  BatchSource& source_;
  Student student_;
  std::vector<double> rates_;          // rates of the optimiser's groups, before the schedule
  std::vector<torch::Tensor> leaves_;  // leaves of all its groups
  Optimiser optimiser_;
  Snapshots snapshots_;
  Curves curves_;
};

}  // namespace

Params<StudentTrainingSettings> StudentTrainingParams(double lr) {
  using Settings = StudentTrainingSettings;
  return {
      Bind(&Settings::lr,
           {.name = "lr",
            .default_value = lr,
            .meaning = "learning rate of the student, of all parameters except learned ranges",
            .source = "1e-4 for CIFAR, 1e-6 for ImageNet",
            .min = 0}),
      Bind(&Settings::momentum, {.name = "momentum",
                                 .default_value = 0.9,
                                 .meaning = "Nesterov's, of SGD; 0: none",
                                 .min = 0,
                                 .max = 1}),
      Bind(&Settings::weight_decay,
           RateParam("weight_decay", 1e-4, "L2 of all parameters, batch norms and biases included",
                     "authors' code of GDFQ")),
      Bind(&Settings::snapshots, Snapshots::Param())};
}

Quantization TrainStudent(const QuantizationContext& context, const std::string& name,
                          const StudentTrainingSettings& settings, BatchSource& source) {
  return StudentTraining(context, name, settings, source).Run();
}

std::map<std::string, double> StudentBudget(const StudentTrainingSettings& settings, int64_t images,
                                            int64_t classes) {
  return {{"images_seen", static_cast<double>(settings.iterations * images)},
          {"lr_kd", settings.lr * settings.rate.Sum(settings.iterations) *
                        settings.distillation.ImageWeight(classes)}};
}

}  // namespace zerosweep
