// Quantization-aware fine-tuning on a fixed set of images, taught by the full-precision network:
// the student of GDFQ (Xu et al., ECCV 2020) without its generator, as IntraQ (Zhong et al., CVPR
// 2022) trains it too.
//
//   L = α·T²·KL(softmax(t/T) ‖ softmax(s/T)) + CE(s, y)      engine/quant/distillation.h
//
// t: the teacher's logits, s: the student's; y: the class that the teacher sees, or the one that
// the image was made for.
//
// Over several ranks, each on its part of every batch, a step makes two collectives: one for the
// gradients, one for the losses that are shown. What the teacher says of the images, and the scores
// on those held out, every rank computes whole.
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "engine/data/random_view.h"
#include "engine/joint/generator_training.h"
#include "engine/joint/labelled_generator.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/distillation.h"
#include "engine/quant/quantizer.h"
#include "engine/quant/student.h"
#include "engine/quant/student_budget.h"
#include "methods/finetune/settings.h"

namespace zerosweep {
namespace {

// Of IntraQ's augmentation.
constexpr double kSmallestView = 0.5;  // of the area
constexpr double kFlip = 0.5;
constexpr int64_t kLatents = 100;  // of the generator that IntraQ calibrates on

class Finetuning {
 public:
  Finetuning(const QuantizationContext& context, const FinetuneSettings& settings)
      : context_(context),
        settings_(settings),
        rate_(FinetuneRate(settings)),
        student_(context.teacher, context.setting, settings_.ranges),
        optimiser_(MakeOptimiser()),
        heldout_(HeldOut()),
        batch_(std::min(settings_.batch, TrainingImages())),
        part_(context.group.PartOf(batch_)),
        snapshots_(settings_.snapshots, settings_.iterations) {}

  Quantization Run() {
    targets_ = TeacherLogits();
    labels_ = Labels();
    int64_t first = 0;
    if (const auto state = context_.checkpoints.Restore()) {
      student_.Restore("student.", *state);
      optimiser_.Restore("optimiser.", *state);
      snapshots_.Restore("snapshots.", *state);
      curves_ = CurvesFromState(state->values.at("curves"));
      first = state->values.at("step");
    } else {
      Calibrate();
      snapshots_.Offer(0, student_);
    }
    for (int64_t step = first; step < settings_.iterations; ++step) {
      context_.checkpoints.Offer(step, [&] { return State(step); });
      Step(step);
      snapshots_.Offer(step + 1, student_);
    }
    return Result();
  }

 private:
  Optimiser MakeOptimiser() {
    std::vector<ParameterGroup> groups = {
        {student_.Parameters(), settings_.lr, settings_.weight_decay}};
    if (const auto ranges = student_.RangeParameters(); !ranges.empty())
      groups.push_back({ranges, settings_.range_lr, settings_.range_decay});
    for (const ParameterGroup& group : groups) {
      rates_.push_back(group.lr);
      leaves_.insert(leaves_.end(), group.parameters.begin(), group.parameters.end());
    }
    if (settings_.adam) return Optimiser(groups, AdamSettings{});
    return Optimiser(groups, SgdSettings{settings_.momentum, settings_.momentum > 0});
  }

  // The last images are not trained on: the snapshots are scored on them.
  int64_t HeldOut() const {
    const int64_t images = context_.images.size(0);
    if (settings_.heldout == 0 || images < 2) return 0;
    return std::clamp<int64_t>(std::llround(settings_.heldout * static_cast<double>(images)), 1,
                               images - 1);
  }
  int64_t TrainingImages() const { return context_.images.size(0) - heldout_; }

  torch::Tensor Labels() const {
    if (!settings_.asked_labels)
      return OneHot(targets_.argmax(1), targets_.size(1), targets_.options());
    if (!context_.labels.defined()) {
      FailTrial(Failure::kConfiguration,
                "fine-tuning: labels: asked, but these images were made for no class: choose "
                "labels: predicted");
    }
    return OneHot(context_.labels, targets_.size(1), targets_.options());
  }

  torch::Tensor TeacherLogits() const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> logits;
    for (int64_t at = 0; at < context_.images.size(0); at += batch_) {
      context_.progress.Report(static_cast<double>(at),
                               static_cast<double>(context_.images.size(0)), "teacher's images");
      logits.push_back(zerosweep::Run(
          context_.teacher.graph,
          context_.images.slice(0, at, std::min(at + batch_, context_.images.size(0)))));
    }
    return torch::cat(logits);
  }

  // This rank's images of a step: epoch after epoch, each in an order of its own; what does not
  // fill a batch is left out.
  torch::Tensor Indices(int64_t step, const char* purpose) const {
    const int64_t images = TrainingImages();
    const int64_t steps = images / batch_;
    return context_.random
        .Permutation(static_cast<uint64_t>(step / steps), purpose, static_cast<uint32_t>(images))
        .narrow(0, step % steps * batch_ + part_.first, part_.count)
        .to(context_.images.device());
  }

  // IntraQ's released code sets the ranges on the images of a GDFQ generator in training, which is
  // thrown away then.
  void CalibrateOnGenerator() {
    PlainGenerator images(LabelledGenerator(context_, {.latents = kLatents}));
    GeneratorTraining generator(context_, "finetune", images, {.batch = settings_.generator_batch});
    Terms shown;
    for (int64_t i = 0; i < settings_.calibration; ++i) {
      student_.Calibrate(context_.group, generator.Step(i, shown).images);
      NoteCalibration(i);
    }
  }

  void Calibrate() {
    if (settings_.from_generator) return CalibrateOnGenerator();
    for (int64_t i = 0; i < settings_.calibration; ++i) {
      student_.Calibrate(context_.group,
                         context_.images.index_select(0, Indices(i, "calibration")));
      NoteCalibration(i);
    }
  }

  void NoteCalibration(int64_t step) const {
    context_.progress.Report(static_cast<double>(step + 1),
                             static_cast<double>(settings_.calibration), "calibrations");
  }

  void Step(int64_t step) {
    const torch::Tensor indices = Indices(step, "shuffle");
    TrainingBatch batch = {context_.images.index_select(0, indices),
                           labels_.index_select(0, indices), targets_.index_select(0, indices),
                           batch_};
    if (settings_.augment) Augment(step, batch);
    const auto [divergence, cross_entropy] =
        LossOf(student_.Forward(batch.images, Share()), batch, settings_.distillation);
    const torch::Tensor loss = divergence + cross_entropy;
    for (size_t group = 0; group < rates_.size(); ++group)
      optimiser_.SetLearningRate(group, rate_.Factor(step) * rates_[group]);
    optimiser_.ZeroGrad();
    loss.backward();
    SumGradients(context_.group, leaves_);
    optimiser_.Step();
    Note(step, SumNumbers(context_.group, {loss.item<double>(), divergence.item<double>(),
                                           cross_entropy.item<double>()}));
  }

  // This rank's of the images of a batch.
  double Share() const { return static_cast<double>(part_.count) / static_cast<double>(batch_); }

  // Every image through a window of its own, mirrored by chance; the teacher sees the same.
  void Augment(int64_t step, TrainingBatch& batch) const {
    const torch::NoGradGuard no_grad;
    batch.images = RandomViews(batch.images, kSmallestView, kFlip, context_.random,
                               static_cast<uint64_t>(step), static_cast<uint64_t>(part_.first))
                       .contiguous(torch::MemoryFormat::ChannelsLast);
    batch.targets = zerosweep::Run(context_.teacher.graph, batch.images);
  }

  // losses: of the whole batch, their sum first.
  void Note(int64_t step, const std::vector<double>& losses) {
    const double loss = losses[0];
    if (!std::isfinite(loss)) {
      FailTrial(Failure::kNonFinite,
                "fine-tuning: the loss became {} in iteration {}: lower the learning "
                "rate ({})",
                loss, step, settings_.lr);
    }
    curves_["loss"].Add(loss);
    curves_["distillation"].Add(losses[1]);
    curves_["cross_entropy"].Add(losses[2]);
    context_.progress.Report(static_cast<double>(step + 1),
                             static_cast<double>(settings_.iterations), "iterations",
                             fmt::format("loss {:.3g}", loss));
  }

  Quantization Result() {
    Quantization result{student_.Quantized(), curves_, {}};
    if (!curves_.empty()) {
      result.metrics["initial_loss"] = curves_.at("loss").first();
      result.metrics["final_loss"] = curves_.at("loss").last();
    }
    if (heldout_ > 0) {
      snapshots_.Score(result.network, context_.images.slice(0, TrainingImages()),
                       targets_.slice(0, TrainingImages()));
      result.metrics["heldout_loss"] = *snapshots_.all().back().heldout_loss;
    }
    result.metrics.merge(BudgetMetrics({settings_.iterations, batch_, settings_.lr, rate_},
                                       settings_.distillation, context_.teacher.classes));
    result.snapshots = snapshots_.all();
    return result;
  }

  CheckpointState State(int64_t step) const {
    CheckpointState state;
    snapshots_.Save("snapshots.", state);
    student_.Save("student.", state);
    optimiser_.Save("optimiser.", state);
    state.values["curves"] = CurvesState(curves_);
    state.values["step"] = step;
    return state;
  }

  const QuantizationContext& context_;
  FinetuneSettings settings_;
  RateSchedule rate_;
  Student student_;
  std::vector<double> rates_;          // of the optimiser's groups, before the schedule
  std::vector<torch::Tensor> leaves_;  // of all its groups
  Optimiser optimiser_;
  int64_t heldout_;
  int64_t batch_;
  BatchPart part_;  // of every batch, this rank's
  Snapshots snapshots_;
  torch::Tensor targets_;  // the teacher's logits of all images
  torch::Tensor labels_;   // of all images, images×classes
  Curves curves_;
};

Quantization Quantize(const QuantizationContext& context, const FinetuneSettings& settings) {
  return Finetuning(context, settings).Run();
}

const RegisterQuantizer kFinetune{
    {.name = "finetune",
     .summary = "quantization-aware training on the images with straight-through gradients, "
                "distilled from the teacher; batch norms keep their statistics",
     .paper = "GDFQ (Xu et al., ECCV 2020), its student alone",
     .revision = 3,
     .uses_seed = true,
     .limits = FinetuneLimits(),
     .facts = MethodFacts{.groups = true}},
    FinetuneParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
