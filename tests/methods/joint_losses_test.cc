// What the joint methods and IntraQ minimise, part by part, against a restatement in PyTorch of the
// papers' and the released trainers' formulas (tests/golden/make_joint_golden.py).
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "engine/generative/class_generator.h"
#include "engine/training/distillation.h"
#include "methods/finetune/settings.h"
#include "methods/intraq/objective.h"
#include "tests/support/engine/fill.h"
#include "tests/support/engine/joint_golden.h"
#include "tests/support/engine/read_part.h"

namespace zerosweep {
namespace {

TEST(JointLossesTest, TheGeneratorMakesTheReferencesImage) {
  const Json& golden = JointGolden().at("generator");
  const auto shape = golden.at("inputs").get<std::vector<int64_t>>();
  ClassGenerator generator({{3, 8, 8}, shape[1], 4, /*conditional=*/false}, RandomStreams(0),
                           torch::kFloat64);
  const torch::NoGradGuard no_grad;
  const Json& parameters = JointGolden().at("steps").at(0).at("parameters");
  for (size_t i = 0; i < generator.Parameters().size(); ++i) {
    const Json& of = parameters.at(i);
    generator.Parameters()[i].copy_(
        FilledDouble(of.at("name"), of.at("shape"), of.at("low"), of.at("high")));
  }
  SoloGroup alone;
  const torch::Tensor images =
      generator.Images(alone, FilledDouble("inputs", shape, -2, 2), /*mixture=*/{});
  const torch::Tensor expected = GoldenNumbers(golden.at("pixels"));
  const torch::Tensor image = images[golden.at("image").get<int64_t>()].contiguous().flatten();
  EXPECT_LT((image - expected).abs().max().item<double>(), 1e-10);
}

// Extended embedding initialisation (Qimera's paper, section 3; main.py:452-462).
TEST(JointLossesTest, QimerasEmbeddingsBeginAsTheClassifiersRows) {
  GoldenTraining training("qimera", {{"embedding", "classifier"}, {"latents", 0}});
  const auto tensors = training.At(0).tensors;
  const size_t of_generator = 12;  // before the embedding
  EXPECT_TRUE(torch::equal(tensors.at(fmt::format("generator_adam..0.{}", of_generator)),
                           JointGoldenTeacher().graph.nodes.back().parameters.at("weight")));
}

// By the weights that a method declares: temperature, α, reduction. Labels are shares of classes.
TEST(JointLossesTest, StudentsMinimiseWhatTheirMethodSays) {
  const auto logits = [](const char* name) { return FilledDouble(name, {5, 4}, -9, 9); };
  const torch::Tensor shares = FilledDouble("shares", {5, 4}, 0, 1);
  for (const auto& [method, golden] : JointGolden().at("students").items()) {
    // The recipe of IntraQ trains its student with `finetune`.
    const bool finetuned = method == "intraq";
    const Json given =
        finetuned ? Json{{"distillation", 20}, {"reduction", "batch"}} : Json::object();
    const std::string quantizer = finetuned ? "finetune" : method;
    const Json values =
        CompleteParams(quantizer, QuantizerRegistry::Get(quantizer).declaration.params, given);
    const auto settings = ReadPart(DistillationParams(1, "element"), values);
    torch::Tensor student = logits("student logits").set_requires_grad(true);
    const TrainingBatch batch{{}, shares / shares.sum(1, true), logits("teacher logits"), 5};
    const auto [distillation, cross_entropy] = LossOf(student, batch, settings);
    const auto expect = [&, &golden = golden, &method = method](const torch::Tensor& term,
                                                                const char* name) {
      const auto expected = golden.at("terms").at(name).get<double>();
      EXPECT_NEAR(term.item<double>(), expected, 1e-9 * expected) << method << ' ' << name;
    };
    expect(distillation, "distillation");
    expect(cross_entropy, "cross_entropy");
    (distillation + cross_entropy).backward();
    EXPECT_TRUE(torch::allclose(student.grad().flatten(), GoldenNumbers(golden.at("gradient")),
                                1e-9, 1e-12))
        << method;
  }
}

// The cosine's ε is 1e-8 here and 1e-6 there, and the margins' mean is over max(Σ m, 1) instead of
// Σ m + 1e-6: parts in a million of terms of some thousandths.
TEST(JointLossesTest, IntraqsImagesMinimiseWhatItsScriptDoes) {
  const Json& golden = JointGolden().at("intraq");
  const Teacher teacher = JointGoldenTeacher();
  QuietProgress progress;
  NoCheckpoints none;
  const SynthesisContext context{.teacher = teacher,
                                 .random = RandomStreams(JointGolden().at("seed")),
                                 .progress = progress,
                                 .checkpoints = none};
  const int64_t finished = golden.at("finished"), count = golden.at("count");
  const IntraqObjective objective(
      context, IntraqParams().Read("intraq", golden.at("given")),
      {1, finished, count, {FilledDouble("finished", {finished, 3, 8, 8}, -2, 2)}});
  torch::Tensor x = FilledDouble("optimised", {count, 3, 8, 8}, -2, 2).set_requires_grad(true);
  const auto terms = objective.Terms(x);
  const auto value = [&](const char* name) { return terms.at(name).item<double>(); };
  const auto expected = [&](const char* name) { return golden.at("terms").at(name).get<double>(); };
  EXPECT_NEAR(value("bn_mean") + value("bn_variance"), expected("statistics"), 1e-8);
  EXPECT_NEAR(value("inception"), expected("inception"), 1e-7) << "the targets are float32";
  EXPECT_NEAR(value("margin_lower"), expected("lower"), 1e-8);
  EXPECT_NEAR(value("margin_upper"), expected("upper"), 1e-8);
  torch::Tensor sum;
  for (const auto& [name, term] : terms) sum = sum.defined() ? sum + term : term;
  sum.backward();
  const std::vector<double> gradient = SummaryOf("optimised", x.grad());
  for (size_t i = 0; i < 2; ++i)
    EXPECT_NEAR(gradient[i], golden.at("gradient").at(i).get<double>(), 1e-6);
}

// With the recipe's numbers (sweeps/recipes/intraq.yaml).
TEST(JointLossesTest, IntraqsStudentFallsAtItsEpochs) {
  const Json given = {{"iterations", 29400}, {"falls", "0.10884, 0.24489, 0.38095"}};
  const RateSchedule rate = FinetuneRate(FinetuneParams().Read("finetune", given));
  for (const Json& row : JointGolden().at("intraq_rates"))
    EXPECT_NEAR(rate.Factor(row.at("step")), row.at("factor").get<double>(), 1e-15)
        << row.at("step");
}

}  // namespace
}  // namespace zerosweep
