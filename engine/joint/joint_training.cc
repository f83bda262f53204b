#include "engine/joint/joint_training.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "engine/joint/generator_training.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/student.h"
#include "engine/quant/student_budget.h"
#include "engine/synthesis/quality.h"

namespace zerosweep {
namespace {

constexpr uint64_t kHeldOutStep = 0xF0000000;  // of the random streams: no step of the training
constexpr int64_t kSamples = 64;

GeneratorSettings GeneratorOf(const JointSettings& settings) {
  return {.batch = settings.batch,
          .label_weight = settings.label_weight,
          .statistics_weight = settings.statistics_weight,
          .lr = settings.generator_lr,
          .rate = GeneratorRate(settings)};
}

class JointTraining {
 public:
  JointTraining(const QuantizationContext& context, const std::string& name,
                const JointSettings& settings, JointMethod& method)
      : context_(context),
        name_(name),
        method_(method),
        settings_(settings),
        student_rate_(StudentRate(settings)),
        generator_(context, name, method, GeneratorOf(settings)),
        student_(context.teacher, context.setting, settings_.ranges),
        student_sgd_({{student_.Parameters(), settings_.lr, settings_.weight_decay}},
                     SgdSettings{settings_.momentum, settings_.momentum > 0}),
        snapshots_(settings_.snapshots, settings_.iterations) {
    if (settings_.calibration > settings_.warm_up) {
      Fail(ErrorKind::kUsage,
           "calibration is {}, must be at most warm_up ({}): ranges are set before the student is "
           "trained",
           settings_.calibration, settings_.warm_up);
    }
    if (settings_.calibration < 1 && context.setting.a_bits < 32)
      FailTrial(Failure::kConfiguration,
                "the student's activation ranges are never calibrated: calibration is 0");
  }

  Quantization Run() {
    int64_t step = 0;
    if (const auto state = context_.checkpoints.Restore()) step = Restore(*state);
    for (; step < settings_.steps(); ++step) {
      context_.checkpoints.Offer(step, [&] { return State(step); });
      Step(step);
    }
    if (settings_.iterations == 0) snapshots_.Offer(0, student_);
    return Result();
  }

 private:
  void Step(int64_t step) {
    const auto number = static_cast<uint64_t>(step);
    Terms shown;
    TrainingBatch generated = generator_.Step(step, shown);
    if (step < settings_.calibration) student_.Calibrate(context_.group, generated.images);
    if (step >= settings_.warm_up) {
      const int64_t done = step - settings_.warm_up;
      if (done == 0) snapshots_.Offer(0, student_);
      TrainStudent(done, method_.ForStudent(number, std::move(generated)), shown);
      snapshots_.Offer(done + 1, student_);
    }
    method_.EndStep(number);
    Note(step, shown);
  }

  // done: steps that it has been trained before.
  void TrainStudent(int64_t done, const TrainingBatch& batch, Terms& shown) {
    const auto [divergence, cross_entropy] =
        LossOf(student_.Forward(batch.images), batch, settings_.distillation);
    const torch::Tensor loss = divergence + cross_entropy;
    student_sgd_.SetLearningRate(settings_.lr * student_rate_.Factor(done));
    student_sgd_.ZeroGrad();
    loss.backward();
    SumGradients(context_.group, student_.Parameters());
    student_sgd_.Step();
    shown["distillation"] = divergence;
    shown["cross_entropy"] = cross_entropy;
    shown["loss"] = loss;
  }

  // The losses of the whole batch, for curves and display: the same on all ranks.
  void Note(int64_t step, const Terms& shown) {
    std::vector<torch::Tensor> shares;
    for (const auto& [term, share] : shown) shares.push_back(share.detach());
    torch::Tensor values = torch::stack(shares);
    context_.group.Reduce({values}, Group::Reduction::kSum);
    values = values.to(torch::kCPU, torch::kFloat64);
    int64_t i = 0;
    for (const auto& [term, share] : shown) {
      const double value = values[i++].item<double>();
      if (!std::isfinite(value)) {
        FailTrial(Failure::kNonFinite,
                  "{}: the loss ({}) became {} in iteration {}: lower lr_generator "
                  "({}) or lr ({})",
                  name_, term, value, step, settings_.generator_lr, settings_.lr);
      }
      curves_[term].Add(value);
    }
    const char* of_whom = shown.contains("loss") ? "loss" : "generator_loss";
    context_.progress.Report(static_cast<double>(step + 1), static_cast<double>(settings_.steps()),
                             "iterations", fmt::format("loss {:.3g}", curves_[of_whom].last()));
  }

  Quantization Result() {
    const torch::NoGradGuard no_grad;
    // Every rank makes and scores them all.
    const torch::Tensor images = method_.HeldOut(kHeldOutStep, {0, settings_.heldout}).images;
    Quantization result{student_.Quantized(), curves_, MeasureQuality(context_.teacher, images)};
    snapshots_.Score(result.network, images, zerosweep::Run(context_.teacher.graph, images));
    result.snapshots = snapshots_.all();
    result.samples = images.slice(0, 0, kSamples);
    for (const char* term : {"loss", "generator_loss"}) {
      if (!curves_.contains(term)) continue;
      result.metrics[std::string("initial_") + term] = curves_.at(term).first();
      result.metrics[std::string("final_") + term] = curves_.at(term).last();
    }
    result.metrics.merge(method_.Metrics());
    result.metrics.merge(BudgetMetrics(
        {settings_.iterations, method_.StudentImages(settings_.batch), settings_.lr, student_rate_},
        settings_.distillation, context_.teacher.classes));
    result.metrics["heldout_loss"] = *result.snapshots.back().heldout_loss;
    return result;
  }

  CheckpointState State(int64_t step) const {
    CheckpointState state;
    student_.Save("student.", state);
    student_sgd_.Save("student_sgd.", state);
    generator_.Save(state);
    snapshots_.Save("snapshots.", state);
    method_.Save(state);
    state.values["curves"] = CurvesState(curves_);
    state.values["step"] = step;
    return state;
  }

  int64_t Restore(const CheckpointState& state) {
    student_.Restore("student.", state);
    student_sgd_.Restore("student_sgd.", state);
    generator_.Restore(state);
    snapshots_.Restore("snapshots.", state);
    method_.Restore(state);
    curves_ = CurvesFromState(state.values.at("curves"));
    return state.values.at("step");
  }

  const QuantizationContext& context_;
  std::string name_;
  JointMethod& method_;
  JointSettings settings_;
  RateSchedule student_rate_;
  GeneratorTraining generator_;
  Student student_;
  Optimiser student_sgd_;
  Snapshots snapshots_;
  Curves curves_;
};

}  // namespace

Quantization TrainJointly(const QuantizationContext& context, const std::string& name,
                          const JointSettings& settings, JointMethod& method) {
  return JointTraining(context, name, settings, method).Run();
}

}  // namespace zerosweep
