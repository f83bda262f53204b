#include "engine/training/student.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

SoloGroup alone;

torch::Tensor Images(int64_t count = 6) { return torch::randn({count, 3, 8, 8}); }

// Moves every parameter a little, as training does.
void Shake(Student& student) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : student.Parameters())
    parameter.add_(0.05 * torch::randn_like(parameter));
}

TEST(StudentTest, IsTheNetworkThatItBecomesBitForBit) {
  torch::manual_seed(1);
  const Teacher teacher = TinyTeacher();
  const Protocol protocol;
  using Weights = StudentRanges::Weights;
  using Activations = StudentRanges::Activations;
  const std::vector<StudentRanges> kinds = {{},
                                            {Weights::kLsq, Activations::kLsq},
                                            {Weights::kLsq, Activations::kPact},
                                            {Weights::kDoReFa, Activations::kDoReFa}};
  for (const StudentRanges& ranges : kinds) {
    for (const int w_bits : {4, 32}) {
      const bool fold = w_bits == 32;
      Student student(teacher, {protocol, fold, w_bits, 4}, ranges);
      const torch::Tensor x = Images();
      for (int i = 0; i < 3; ++i) student.Calibrate(alone, x);
      Shake(student);
      const torch::Tensor logits = student.Forward(x).detach();
      const QuantizedNetwork network = student.Quantized();
      EXPECT_TRUE(torch::equal(network.Forward(x), logits)) << w_bits;
      const TempFolder folder;
      network.Save(folder.path());
      EXPECT_TRUE(torch::equal(QuantizedNetwork::Load(teacher, folder.path()).Forward(x), logits))
          << "biases and batch norms are saved with it";
    }
  }
}

// The gradient passes straight through: it is that of the network in which every quantized tensor
// stands as it is, and nothing is masked.
TEST(StudentTest, GradientsPassStraightThrough) {
  torch::manual_seed(2);
  const Teacher teacher = SkipTeacher();
  const Protocol protocol;
  Student student(teacher, {protocol, false, 3, 3});
  const torch::Tensor x = Images();
  student.Calibrate(alone, x);
  const torch::Tensor logits = student.Forward(x);
  const torch::Tensor upstream = torch::randn_like(logits);
  logits.backward(upstream);
  // Of the last layer by hand: the mean over the quantized relu2, whatever was clipped.
  torch::Tensor features;
  const QuantizedNetwork network = student.Quantized();
  ForwardHooks hooks;
  const std::vector<QuantizedActivation>& activations = network.activations();
  for (const QuantizedActivation& activation : activations) {
    hooks.replace_output[activation.site.value()] = [&](const torch::Tensor& output) {
      return FakeQuantize(output, activation.grid);
    };
  }
  hooks.on_input = [&](int node, const torch::Tensor& input) {
    if (network.graph().nodes[static_cast<size_t>(node)].op == Op::kLinear) features = input;
  };
  zerosweep::Run(network.graph(), x, hooks);
  const int fc = teacher.graph.Weighted().back();
  size_t place = 0;  // of fc's weight among the parameters
  for (const Node& node : teacher.graph.nodes) {
    if (&node == &teacher.graph.nodes[static_cast<size_t>(fc)]) break;
    if (node.weighted()) place += node.parameters.size();
  }
  const std::vector<torch::Tensor> parameters = student.Parameters();
  const torch::Tensor bias = parameters[place].grad(), weight = parameters[place + 1].grad();
  EXPECT_TRUE(torch::allclose(bias, upstream.sum(0), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(weight, upstream.t().matmul(features), 1e-5, 1e-6));
  for (const torch::Tensor& parameter : parameters) {
    ASSERT_TRUE(parameter.grad().defined());
    EXPECT_GT(parameter.grad().abs().sum().item<double>(), 0);
  }
}

TEST(StudentTest, RangesAreMovingAveragesWithoutTheirBias) {
  torch::manual_seed(3);
  const Teacher teacher = SkipTeacher();
  const Protocol protocol;
  const torch::Tensor x = Images();
  Student once(teacher, {protocol, false, 32, 8}), often(teacher, {protocol, false, 32, 8});
  once.Calibrate(alone, x);
  for (int i = 0; i < 30; ++i) often.Calibrate(alone, x);
  const UniformGrid first = once.Quantized().activations()[0].grid;
  const UniformGrid last = often.Quantized().activations()[0].grid;
  EXPECT_TRUE(torch::allclose(first.inverse_scale, last.inverse_scale, 1e-5))
      << "the same batch again and again";
}

// On a constant batch the released code's average is 1, 5.3, 17.8, … times the truth, nearly 3,900
// times after 20 forwards and right only after some 200.
TEST(StudentTest, AFedBackCorrectionIsFarOffFirst) {
  torch::manual_seed(5);
  const Teacher teacher = SkipTeacher();
  const Protocol protocol;
  const torch::Tensor x = Images();
  Student clean(teacher, {protocol, false, 32, 8});
  Student fed_back(teacher, {protocol, false, 32, 8},
                   {.averages = StudentRanges::Averages::kFedBack});
  clean.Calibrate(alone, x);
  const double truth = 1 / clean.Quantized().activations()[0].grid.inverse_scale.item<double>();
  std::map<int, double> factor;
  for (int t = 1; t <= 200; ++t) {
    fed_back.Calibrate(alone, x);
    factor[t] = 1 / fed_back.Quantized().activations()[0].grid.inverse_scale.item<double>() / truth;
  }
  EXPECT_NEAR(factor[1], 1, 1e-4);
  EXPECT_NEAR(factor[2], 5.3, 0.05);
  EXPECT_NEAR(factor[3], 17.8, 0.1);
  EXPECT_NEAR(factor[4], 47, 0.5);
  EXPECT_NEAR(factor[20], 3900, 50);
  EXPECT_NEAR(factor[50], 489, 1);
  EXPECT_NEAR(factor[150], 1.014, 1e-3);
  EXPECT_NEAR(factor[200], 1, 1e-3);
}

TEST(StudentTest, LearnedRangesAreParametersWithGradients) {
  torch::manual_seed(4);
  const Teacher teacher = TinyTeacher();
  const Protocol protocol;
  Student student(teacher, {protocol, false, 4, 4},
                  {StudentRanges::Weights::kLsq, StudentRanges::Activations::kLsq});
  student.Calibrate(alone, Images());
  const std::vector<torch::Tensor> ranges = student.RangeParameters();
  EXPECT_EQ(ranges.size(), teacher.graph.Weighted().size() + 2) << "two ReLUs";
  student.Forward(Images()).pow(2).sum().backward();
  for (const torch::Tensor& range : ranges) {
    ASSERT_TRUE(range.grad().defined());
    EXPECT_NE(range.grad().item<double>(), 0);
  }
}

TEST(StudentTest, PactRefusesWhatHasNegativeValues) {
  Teacher teacher = TinyTeacher();
  Node& relu1 = teacher.graph.nodes[static_cast<size_t>(teacher.graph.Find("relu1"))];
  relu1.op = Op::kMaxPool;  // that passes everything on
  relu1.attributes = {{"kernel", 1}, {"stride", 1}, {"padding", 0}, {"ceil_mode", false}};
  const Protocol protocol{.act_placement = ActPlacement::kOpInput};
  Student student(teacher, {protocol, false, 4, 4},
                  {StudentRanges::Weights::kMinMax, StudentRanges::Activations::kPact});
  EXPECT_THROW(student.Calibrate(alone, Images()), Error);
}

TEST(StudentTest, WithoutRangesItIsRefused) {
  const Teacher teacher = TinyTeacher();
  const Protocol protocol;
  const Student student(teacher, {protocol, false, 4, 4});
  try {
    student.Forward(Images());
    FAIL() << "not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kTrial);
    EXPECT_EQ(error.failure(), Failure::kConfiguration);
  }
  EXPECT_NO_THROW(Student(teacher, {protocol, false, 4, 32}).Forward(Images()));
}

}  // namespace
}  // namespace zerosweep
