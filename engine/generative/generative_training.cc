#include "engine/generative/generative_training.h"

#include <utility>

#include "base/error.h"
#include "engine/generative/generator_training.h"
#include "engine/synthesis/quality.h"
#include "engine/training/student_training.h"

namespace zerosweep {
namespace {

constexpr uint64_t kHeldOutStep = 0xF0000000;  // for the random streams; no training step has it
constexpr int64_t kSamples = 64;

GeneratorSettings GeneratorOf(const GenerativeSettings& settings) {
  return {.batch = settings.batch,
          .label_weight = settings.label_weight,
          .statistics_weight = settings.statistics_weight,
          .lr = settings.generator_lr,
          .rate = GeneratorRate(settings)};
}

// The images of a generator that is trained at the same time.
class GeneratedImages final : public BatchSource {
 public:
  GeneratedImages(const QuantizationContext& context, const std::string& name,
                  const GenerativeSettings& settings, GenerativeMethod& method)
      : context_(context),
        settings_(settings),
        method_(method),
        generator_(context, name, method, GeneratorOf(settings)) {}

  int64_t StudentImages() const override { return method_.StudentImages(settings_.batch); }

  TrainingBatch Next(int64_t step, Terms& shown) override {
    TrainingBatch generated = generator_.Step(step, shown);
    if (step < settings_.student.warm_up) return generated;
    return method_.ForStudent(static_cast<uint64_t>(step), std::move(generated));
  }

  void EndStep(int64_t step) override { method_.EndStep(static_cast<uint64_t>(step)); }

  HeldOut MakeHeldOut() override {
    const torch::Tensor images = method_.HeldOut(kHeldOutStep, {0, settings_.heldout}).images;
    return {images, Run(context_.teacher.graph, images)};
  }

  void Describe(const HeldOut& heldout, Quantization& result) const override {
    result.metrics.merge(MeasureQuality(context_.teacher, heldout.images));
    result.metrics.merge(method_.Metrics());
    result.samples = heldout.images.slice(0, 0, kSamples);
  }

  std::string Rates() const override {
    return fmt::format("lr_generator ({}) or lr ({})", settings_.generator_lr,
                       settings_.student.lr);
  }

  void Save(CheckpointState& state) const override {
    generator_.Save(state);
    method_.Save(state);
  }

  void Restore(const CheckpointState& state) override {
    generator_.Restore(state);
    method_.Restore(state);
  }

 private:
  const QuantizationContext& context_;
  const GenerativeSettings& settings_;
  GenerativeMethod& method_;
  GeneratorTraining generator_;
};

}  // namespace

Quantization TrainWithGenerator(const QuantizationContext& context, const std::string& name,
                                const GenerativeSettings& settings, GenerativeMethod& method) {
  StudentTrainingSettings student = settings.student;
  student.rate = StudentRate(settings);
  if (student.calibration > student.warm_up) {
    Fail(ErrorKind::kUsage,
         "calibration is {}, must be at most warm_up ({}): ranges are set before the student is "
         "trained",
         student.calibration, student.warm_up);
  }
  if (student.calibration < 1 && context.setting.a_bits < 32)
    FailTrial(Failure::kConfiguration,
              "the student's activation ranges are never calibrated: calibration is 0");
  GeneratedImages images(context, name, settings, method);
  return TrainStudent(context, name, student, images);
}

}  // namespace zerosweep
