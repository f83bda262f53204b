// Quantization-aware fine-tuning on a fixed set of images, taught by the full-precision network
// (engine/training/student_training.h): the student of GDFQ (Xu et al., ECCV 2020) without its
// generator, as in IntraQ (Zhong et al., CVPR 2022). An image's label is the class that the teacher
// predicts, or the one that the image was made for.
//
// Every rank computes the teacher's logits of all images, and the scores on all held-out images.
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/data/random_view.h"
#include "engine/generative/generator_training.h"
#include "engine/generative/labelled_generator.h"
#include "engine/quant/quantizer.h"
#include "engine/training/student_training.h"
#include "methods/finetune/settings.h"

namespace zerosweep {
namespace {

// IntraQ's augmentation.
constexpr double kSmallestView = 0.5;  // share of the area
constexpr double kFlip = 0.5;
constexpr int64_t kLatents = 100;  // for the generator that IntraQ calibrates on

// IntraQ's released code sets the ranges on the images of a GDFQ generator in training, which is
// then discarded.
class CalibrationGenerator {
 public:
  CalibrationGenerator(const QuantizationContext& context, int64_t batch)
      : images_(LabelledGenerator(context, {.latents = kLatents})),
        training_(context, "finetune", images_, {.batch = batch}) {}

  TrainingBatch Next(int64_t step) {
    Terms own;
    return training_.Step(step, own);
  }
  void Save(CheckpointState& state) const { training_.Save(state); }
  void Restore(const CheckpointState& state) { training_.Restore(state); }

 private:
  PlainGenerator images_;
  GeneratorTraining training_;
};

class FixedImages final : public BatchSource {
 public:
  FixedImages(const QuantizationContext& context, const FinetuneSettings& settings)
      : context_(context),
        settings_(settings),
        heldout_(HeldOutImages()),
        batch_(std::min(settings.batch, TrainingImages())),
        part_(context.group.PartOf(batch_)),
        targets_(TeacherLogits()),
        labels_(Labels()) {
    if (settings.from_generator) generator_.emplace(context, settings.generator_batch);
  }

  int64_t StudentImages() const override { return batch_; }

  TrainingBatch Next(int64_t step, Terms&) override {
    const int64_t calibration = settings_.student.calibration;
    if (step >= calibration) {
      generator_.reset();
      return Train(step - calibration);
    }
    if (generator_) return generator_->Next(step);
    return Batch(Indices(step, "calibration"));
  }

  HeldOut MakeHeldOut() override {
    if (heldout_ == 0) return {};
    return {context_.images.slice(0, TrainingImages()), targets_.slice(0, TrainingImages())};
  }

  void Save(CheckpointState& state) const override {
    if (generator_) generator_->Save(state);
  }
  void Restore(const CheckpointState& state) override {
    // "step" is the training's own entry.
    if (state.values.at("step") >= settings_.student.calibration) generator_.reset();
    if (generator_) generator_->Restore(state);
  }

  std::string Rates() const override { return fmt::format("lr ({})", settings_.student.lr); }

 private:
  // The last images are held out of training, to score the snapshots.
  int64_t HeldOutImages() const {
    const int64_t images = context_.images.size(0);
    if (settings_.heldout == 0 || images < 2) return 0;
    return std::clamp<int64_t>(std::llround(settings_.heldout * static_cast<double>(images)), 1,
                               images - 1);
  }
  int64_t TrainingImages() const { return context_.images.size(0) - heldout_; }

  torch::Tensor TeacherLogits() const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> logits;
    for (int64_t at = 0; at < context_.images.size(0); at += batch_) {
      context_.progress.Report(at, context_.images.size(0), "teacher's images");
      logits.push_back(
          Run(context_.teacher.graph,
              context_.images.slice(0, at, std::min(at + batch_, context_.images.size(0)))));
    }
    return torch::cat(logits);
  }

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

  // Returns this rank's images of a step: epoch after epoch, each in a new order; an incomplete
  // last batch is left out.
  torch::Tensor Indices(int64_t step, const char* purpose) const {
    const int64_t images = TrainingImages();
    const int64_t steps = images / batch_;
    return context_.random
        .Permutation(static_cast<uint64_t>(step / steps), purpose, static_cast<uint32_t>(images))
        .narrow(0, step % steps * batch_ + part_.first, part_.count)
        .to(context_.images.device());
  }

  TrainingBatch Batch(const torch::Tensor& indices) const {
    return {context_.images.index_select(0, indices), labels_.index_select(0, indices),
            targets_.index_select(0, indices), batch_};
  }

  TrainingBatch Train(int64_t step) const {
    TrainingBatch batch = Batch(Indices(step, "shuffle"));
    if (settings_.augment) Augment(step, batch);
    return batch;
  }

  // Shows every image through a random window, mirrored at random; the teacher sees the same.
  void Augment(int64_t step, TrainingBatch& batch) const {
    const torch::NoGradGuard no_grad;
    batch.images = RandomViews(batch.images, kSmallestView, kFlip, context_.random,
                               static_cast<uint64_t>(step), static_cast<uint64_t>(part_.first))
                       .contiguous(torch::MemoryFormat::ChannelsLast);
    batch.targets = Run(context_.teacher.graph, batch.images);
  }

  const QuantizationContext& context_;
  const FinetuneSettings& settings_;
  int64_t heldout_;
  int64_t batch_;
  BatchPart part_;         // this rank's part of every batch
  torch::Tensor targets_;  // the teacher's logits of all images
  torch::Tensor labels_;   // labels of all images, images×classes
  std::optional<CalibrationGenerator> generator_;
};

Quantization Quantize(const QuantizationContext& context, const FinetuneSettings& settings) {
  StudentTrainingSettings student = settings.student;
  student.warm_up = student.calibration;
  student.rate = FinetuneRate(settings);
  FixedImages images(context, settings);
  return TrainStudent(context, "finetune", student, images);
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
