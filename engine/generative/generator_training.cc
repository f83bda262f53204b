#include "engine/generative/generator_training.h"

#include "engine/generative/teacher_pass.h"

namespace zerosweep {
namespace {

torch::Tensor Total(const Terms& terms) {
  torch::Tensor total;
  for (const auto& [name, term] : terms) total = total.defined() ? total + term : term;
  return total;
}

}  // namespace

GeneratorTraining::GeneratorTraining(const QuantizationContext& context, const std::string& name,
                                     GenerativeMethod& method, const GeneratorSettings& settings)
    : context_(context),
      name_(name),
      method_(method),
      settings_(settings),
      part_(context.group.PartOf(settings.batch)),
      targets_(RunningMoments(context.teacher.graph)),
      adam_({{method.Parameters(), settings.lr}}, AdamSettings{.beta1 = 0.5, .beta2 = 0.999}) {}

TrainingBatch GeneratorTraining::Step(int64_t step, Terms& shown) {
  const auto number = static_cast<uint64_t>(step);
  const GeneratedBatch batch = method_.Generate(number, part_);
  const TeacherPass pass = RunTeacher(context_.group, context_.teacher.graph, batch.images, name_);
  Terms terms = method_.ExtraTerms(number, pass);
  terms["labels"] =
      settings_.label_weight * CrossEntropyShare(pass.logits, batch.labels, settings_.batch);
  terms["statistics"] =
      settings_.statistics_weight * PerRankShare(context_.group, Mismatch(pass.moments, targets_));
  const torch::Tensor loss = Total(terms);
  adam_.SetLearningRate(settings_.lr * settings_.rate.Factor(step));
  adam_.ZeroGrad();
  loss.backward();
  SumGradients(context_.group, method_.Parameters());
  adam_.Step();
  shown.merge(terms);
  shown["generator_loss"] = loss;
  return {batch.images.detach(), batch.labels, pass.logits.detach(), settings_.batch};
}

}  // namespace zerosweep
