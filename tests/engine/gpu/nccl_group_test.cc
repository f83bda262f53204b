// NCCL itself, where there is a GPU: groups of one rank, since one GPU takes no two.
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "base/error.h"
#include "engine/cuda/nccl.h"
#include "engine/parallel/process_group.h"

namespace zerosweep {
namespace {

class NcclGroupTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available())
      GTEST_SKIP() << "no GPU: NCCL " << NcclVersion() << " is built in, but not tried";
  }
  std::unique_ptr<Group> Make(int rank = 0, int size = 1, double timeout = 60) {
    return MakeGroup(c10::make_intrusive<c10d::HashStore>(),
                     {rank, size, torch::Device(torch::kCUDA, 0), "lo", timeout});
  }
};

TEST_F(NcclGroupTest, ReducesOnTheGpu) {
  const auto group = Make();
  const auto options = torch::TensorOptions(torch::kCUDA);
  torch::Tensor a = torch::ones({2, 3}, options), b = torch::full({5}, -2.0, options);
  group->Reduce({a, b}, Group::Reduction::kMax);
  EXPECT_EQ(a.sum().item<double>(), 6);
  EXPECT_EQ(b.sum().item<double>(), -10);
  EXPECT_EQ(group->reduced_bytes(), 11 * 4);
}

TEST_F(NcclGroupTest, TensorsOfTheHostGoThereAndBack) {
  const auto group = Make();
  EXPECT_EQ(SumNumbers(*group, {1.5, -2}), (std::vector<double>{1.5, -2}));
}

// Rank 0 would wait inside NCCL, which knows no limit: there the supervisor's ends it.
TEST_F(NcclGroupTest, ARankZeroThatNeverComesEndsTheRendezvous) {
  try {
    const auto group = Make(/*rank=*/1, /*size=*/2, /*timeout=*/3);
    torch::Tensor x = torch::ones({2}, torch::TensorOptions(torch::kCUDA));
    group->Reduce({x}, Group::Reduction::kSum);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), Failure::kLostWorker) << error.what();
  }
}

}  // namespace
}  // namespace zerosweep
