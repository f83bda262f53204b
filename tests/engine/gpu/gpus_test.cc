// Which GPUs work, by computing on them; where there is none, what CUDA says.
#include "engine/cuda/gpus.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>

namespace zerosweep {
namespace {

TEST(GpusTest, WhatCudaShowsWorksOrHasAProblem) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU: " << DescribeGpus();
  const Json described = DescribeGpus();
  EXPECT_EQ(described.at("problem"), "");
  ASSERT_EQ(described.at("gpus").size(), torch::cuda::device_count());
  EXPECT_EQ(described.at("gpus").at(0).at("problem"), "");
  EXPECT_EQ(described.at("gpus").at(0).at("name"), GpuName(0));
  EXPECT_NE(GpuName(0), "unknown");
}

TEST(GpusTest, AGpuThatIsNotThereHasAProblem) {
  const int count = static_cast<int>(torch::cuda::device_count());
  EXPECT_NE(GpuProblem(count), "");
  EXPECT_EQ(GpuName(count), "unknown");
  if (count > 0) return;
  EXPECT_EQ(DescribeGpus().at("problem"), GpuProblem(0));
  EXPECT_TRUE(DescribeGpus().at("gpus").empty());
}

}  // namespace
}  // namespace zerosweep
