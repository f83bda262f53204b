// VGG-16, whose weights fill half a gigabyte, against published figures.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

TEST(VggTest, HasThePublishedSize) {
  const Graph graph = BuildModel("vgg16_bn", 3, 224, 224, 1000);
  EXPECT_EQ(graph.ParameterCount(), 138'365'992);  // torchvision's num_params
  EXPECT_EQ(graph.BatchNorms().size(), 13u);
  EXPECT_EQ(graph.Find("avgpool"), -1);  // at 224 × 224 it would change nothing
  double macs = 0;
  for (const auto& [node, count] : CountMacs(graph)) macs += static_cast<double>(count);
  EXPECT_NEAR(macs * 1e-9, 15.47, 0.005);  // torchvision's table
  const Declarations all = DescribeAll();
  for (const Declaration& model : all.Of(Role::kModel)) {
    if (model.name.starts_with("vgg")) {
      EXPECT_EQ(static_cast<double>(model.model().macs), macs) << model.name;
    }
  }
}

TEST(VggTest, MayHaveNoBatchNorms) {
  const Graph graph = BuildModel("vgg16", 3, 224, 224, 1000);
  EXPECT_EQ(graph.ParameterCount(), 138'357'544);
  EXPECT_TRUE(graph.BatchNorms().empty());
}

TEST(VggTest, TakesImagesOfOtherSizesThroughAnAdaptivePool) {
  const torch::NoGradGuard no_grad;
  const Graph graph = BuildModel("vgg16_bn", 3, 32, 48, 10);
  EXPECT_EQ(zerosweep::Run(graph, torch::zeros({1, 3, 32, 48})).sizes(), at::IntArrayRef({1, 10}));
  EXPECT_THROW(BuildModel("vgg16_bn", 3, 31, 48, 10), Error);
}

}  // namespace
}  // namespace zerosweep
