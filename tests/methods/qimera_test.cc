#include "methods/qimera/qimera.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/engine/generative_case.h"

namespace zerosweep {
namespace {

QimeraSettings QimeraSettingsOf(const GenerativeCase& of) {
  return QimeraParams().Read("qimera", of.params);
}

TEST(QimeraTest, LabelsSumToOneAlsoWhereClassesMeet) {
  GenerativeCase one("qimera", {{"mixed_classes", 9}});
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const Qimera method(context, QimeraSettingsOf(one));
  const Superposition mix = method.Superpose(1, {0, 12});
  EXPECT_EQ(mix.classes.size(1), 9);  // of 4 classes: some meet
  const torch::Tensor labels = method.LabelsOf(mix);
  EXPECT_TRUE(torch::allclose(labels.sum(1), torch::ones(12)));
  float first = 0;
  for (int64_t k = 0; k < 9; ++k)
    if (mix.classes[0][k].item<int64_t>() == mix.classes[0][0].item<int64_t>())
      first += mix.weights[0][k].item<float>();
  EXPECT_NEAR(labels[0][mix.classes[0][0].item<int64_t>()].item<float>(), first, 1e-6);
}

TEST(QimeraTest, PlainEmbeddingsAreStandardisedOneByOneMixedOnesSlotBySlot) {
  GenerativeCase one("qimera", {{"mixed_classes", 3}}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const Qimera method(context, QimeraSettingsOf(one));
  const torch::Tensor plain =
      method.Embed(1, {0, 12}, torch::zeros({12, 1}, torch::kInt64), /*superposed=*/false);
  EXPECT_LT(plain.mean(2).abs().max().item<double>(), 1e-12);
  const torch::Tensor mixed =
      method.Embed(1, {0, 12}, torch::zeros({12, 3}, torch::kInt64), /*superposed=*/true);
  EXPECT_LT(mixed.mean(at::IntArrayRef{0, 2}).abs().max().item<double>(), 1e-12);
  EXPECT_GT(mixed.mean(2).abs().max().item<double>(), 1e-3) << "not image by image";
}

TEST(QimeraTest, SwitchesChooseMappingEmbeddingAndNorms) {
  Alone with;
  const auto parameters = [&](const Json& given) {
    GenerativeCase one("qimera", given);
    const QuantizationContext context = one.Context(with.group, with.checkpoints);
    return Qimera(context, QimeraSettingsOf(one)).Parameters().size();
  };
  const size_t whole = parameters({});
  EXPECT_EQ(parameters({{"disentangle", false}}), whole - 2);
  EXPECT_EQ(parameters({{"embedding", "classifier"}, {"latents", 0}}), whole);
  EXPECT_EQ(parameters({{"embedding", "frozen"}, {"latents", 0}}), whole - 1);
  // With conditional norms, the released mean makes images of many classes paler.
  const auto images = [&](const char* mix) {
    GenerativeCase one("qimera", {{"conditioning", "norms"},
                                  {"conditional_mix", mix},
                                  {"superposed", 1},
                                  {"mixed_classes", 50}});
    const QuantizationContext context = one.Context(with.group, with.checkpoints);
    return Qimera(context, QimeraSettingsOf(one)).Generate(0, {0, 12}).images.detach();
  };
  EXPECT_GT(images("sum").std().item<double>(), 0.5);
  EXPECT_LT(images("mean").std().item<double>(), 0.5 * images("sum").std().item<double>());
}

// As pytorchcv's MobileNetV2: as many latents as the classifier takes, its rows as embeddings.
TEST(QimeraTest, AConvolutionOfOnePixelGivesEmbeddings) {
  GenerativeCase one("qimera", {{"embedding", "frozen"}, {"latents", 0}, {"noise", 0.0}},
                     torch::kFloat32, ConvHeadTeacher(10));
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const Qimera method(context, QimeraSettingsOf(one));
  const torch::Tensor classes = torch::arange(4).view({4, 1});
  const torch::Tensor embedded = method.Embed(1, {0, 4}, classes, /*superposed=*/false).squeeze(1);
  const int output = one.teacher.graph.Find("output");
  const torch::Tensor rows =
      one.teacher.graph.nodes[static_cast<size_t>(output)].parameters.at("weight").view({4, 8});
  EXPECT_TRUE(torch::allclose(embedded, torch::layer_norm(rows, {8}), 1e-5, 1e-6));
}

TEST(QimeraTest, AnotherConvolutionAsClassifierIsRefused) {
  GenerativeCase one("qimera", {{"embedding", "classifier"}, {"latents", 0}});
  Graph& graph = one.teacher.graph;
  graph.nodes.resize(static_cast<size_t>(graph.Find("mean")));
  graph.output = {static_cast<int>(graph.nodes.size()) - 1, 0};
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  try {
    const Qimera method(context, QimeraSettingsOf(one));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(),
                 "qimera needs a classifier that is a linear layer or a convolution of 1×1, and "
                 "this network's last layer 'conv2' is a convolution of 3×3; give latents, with "
                 "embedding: random");
  }
}

}  // namespace
}  // namespace zerosweep
