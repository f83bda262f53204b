// teacher: reads a trained network, checks it against its card before any GPU-hours are spent, and
// publishes it.

#include <cmath>

#include "base/hash.h"
#include "contract/weight_files.h"
#include "engine/quant/quantized_network.h"
#include "engine/stages/accuracy.h"
#include "engine/stages/input_check.h"
#include "engine/stages/stage_kind.h"
#include "engine/training/fidelity.h"

namespace zerosweep {
namespace {

// Tolerance for another machine's rounding: two of ten thousand images.
constexpr double kCardTolerance = 0.02;

// Reads the weights that the stage names, even if the file at the path has changed since.
Teacher ReadNamedTeacher(const StageContext& context, const Dataset& test) {
  const std::filesystem::path weights = context.File("weights");
  if (WeightsDigest(weights, Sha256File) != context.params().at("weights")) {
    Fail(ErrorKind::kUsage, "{} changed since the sweep was planned; run the command again",
         weights.string());
  }
  RequireClasses(test, context.params().at("classes"));
  Teacher teacher = ReadTeacher(context.params(), weights, test.shape(), context.notes);
  teacher.graph = ToChannelsLast(teacher.graph).To(context.device);
  return teacher;
}

// The outputs, which must be of the kind that the card says.
torch::Tensor Outputs(const Teacher& teacher, const torch::Tensor& images) {
  torch::Tensor outputs = Run(teacher.graph, images);
  RequireOutput(teacher.output, outputs);
  return outputs;
}

// Checks that a network quantized to 32/32 bits equals the teacher.
void CheckPassThrough(const Teacher& teacher, const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  const QuantizedNetwork network(teacher, {.w_bits = kPassThroughBits, .a_bits = kPassThroughBits});
  if (!torch::equal(network.Forward(images), Run(teacher.graph, images))) {
    Fail(ErrorKind::kInternal, "32/32 pass-through of {} differs from its FP32 logits",
         teacher.arch);
  }
}

struct TeacherSettings {
  int64_t limit = 0;  // images; 0: all
};

StageMetrics RunTeacher(const StageContext& context, const TeacherSettings& settings) {
  const Dataset test = context.LoadSplit("test");
  const Teacher teacher = ReadNamedTeacher(context, test);
  const Evaluation result =
      MeasureAccuracy([&](const torch::Tensor& x) { return Outputs(teacher, x); }, test, teacher,
                      settings.limit, context.progress);
  const Json expected = context.params().value("expected_top1", Json());
  if (!expected.is_null() && !result.is_labelled) {
    Fail(ErrorKind::kInternal, "a teacher's accuracy is expected on images without labels");
  }
  if (!expected.is_null() && settings.limit == 0 &&
      std::abs(result.top1_percent() - expected.get<double>()) > kCardTolerance) {
    FailTrial(Failure::kConfiguration,
              "the teacher reaches {:.2f} % on {}, its model card says {:.2f} %: "
              "check the data folder "
              "and the normalisation",
              result.top1_percent(), test.name, expected.get<double>());
  }
  const torch::Tensor few = test.Images(0, std::min<int64_t>(8, test.size()));
  CheckPassThrough(teacher, Normalise(few, teacher.mean, teacher.std).to(context.device));
  SaveTeacher(teacher, context.staging);
  if (teacher.output == OutputKind::kClasses) SavePredictions(result.predictions, context.staging);
  StageMetrics metrics = {{"images", static_cast<double>(result.images)},
                          {"parameters", static_cast<double>(teacher.graph.ParameterCount())}};
  if (result.is_labelled) {
    metrics["fp32_top1"] = result.top1_percent();
    metrics["fp32_loss"] = result.loss;
  }
  return metrics;
}

const RegisterStageKind kTeacher{
    {.name = "teacher",
     .summary =
         "reads a trained network, checks its FP32 accuracy against its card and publishes it",
     .revision = 1,
     .facts = KindFacts{.presence = KindFacts::Presence::kAlways,
                        .set_by = KindFacts::SetBy::kEvaluate,
                        .provides = "teacher",
                        .reads_weights = true,
                        .reads_test_images = true,
                        .passes = 1}},
    Params<TeacherSettings>(
        Bind(&TeacherSettings::limit,
             {.name = "limit",
              .default_value = 0,
              .meaning = "test images evaluated; 0: all (only then the card is checked)",
              .unit = "images",
              .min = 0,
              .profiles = {{"smoke", 500}},
              .neutral = 0})),
    RunTeacher};

}  // namespace
}  // namespace zerosweep
