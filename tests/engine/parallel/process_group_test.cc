// Reductions over ranks (threads over Gloo) against the formula over everything at once.
#include "engine/parallel/process_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "engine/parallel/network_place.h"
#include "tests/support/engine/group_of_threads.h"

namespace zerosweep {
namespace {

using Reduction = Group::Reduction;

// The part of row `rank`: ranks hold rows of one matrix.
torch::Tensor Rows(int ranks) {
  return torch::sin(torch::arange(ranks * 6, torch::kFloat64)).view({ranks, 6});
}

class ProcessGroupTest : public testing::TestWithParam<int> {};

TEST_P(ProcessGroupTest, ReducesEveryTensorOfACallAtOnce) {
  const int ranks = GetParam();
  const torch::Tensor all = Rows(ranks);
  RunRanks(ranks, [&](Group& group) {
    ASSERT_EQ(group.size(), ranks);
    const auto reduced = [&](Reduction reduction) {
      const torch::Tensor whole = all[group.rank()].clone();
      torch::Tensor matrix = whole.narrow(0, 0, 4).view({2, 2}).t();  // not contiguous
      torch::Tensor scalar = whole[4], rest = whole.narrow(0, 5, 1);
      group.Reduce({matrix, scalar, rest}, reduction);
      return whole;
    };
    EXPECT_TRUE(torch::allclose(reduced(Reduction::kSum), all.sum(0), 1e-14, 1e-14));
    EXPECT_TRUE(torch::equal(reduced(Reduction::kMin), std::get<0>(all.min(0))));
    EXPECT_TRUE(torch::equal(reduced(Reduction::kMax), std::get<0>(all.max(0))));
    EXPECT_EQ(group.reduced_bytes(), 3 * 6 * 8);
    group.Reduce({}, Reduction::kSum);
    group.Reduce({torch::empty({0})}, Reduction::kSum);
    EXPECT_EQ(group.reduced_bytes(), 3 * 6 * 8);
  });
}

TEST_P(ProcessGroupTest, AllRanksGetTheSameBits) {
  const int ranks = GetParam();
  std::vector<torch::Tensor> results(static_cast<size_t>(ranks));
  RunRanks(ranks, [&](Group& group) {
    torch::Tensor x = torch::sin(torch::arange(10007, torch::kFloat32) * (group.rank() + 1));
    group.Reduce({x}, Reduction::kSum);
    results[static_cast<size_t>(group.rank())] = x;
  });
  for (const torch::Tensor& result : results) EXPECT_TRUE(torch::equal(result, results[0]));
}

// loss = Σ exp(w·x) over all images: each rank has its images' share of it.
TEST_P(ProcessGroupTest, TheGradientsOfSharesAddUpToThatOfTheWhole) {
  const int ranks = GetParam();
  const torch::Tensor images = Rows(ranks);
  const auto options = torch::TensorOptions(torch::kFloat64);
  const torch::Tensor start = torch::linspace(-1, 1, 6, options);
  torch::Tensor w = start.clone().requires_grad_();
  images.matmul(w).exp().sum().backward();
  RunRanks(ranks, [&](Group& group) {
    torch::Tensor own = start.clone().requires_grad_();
    torch::Tensor unused = torch::ones({2}, options).requires_grad_();
    images.narrow(0, group.PartOf(ranks).first, 1).matmul(own).exp().sum().backward();
    SumGradients(group, {own, unused});
    EXPECT_TRUE(torch::allclose(own.grad(), w.grad(), 1e-12, 1e-13));
    if (ranks == 1) return;
    EXPECT_TRUE(torch::equal(unused.grad(), torch::zeros({2}, options)));
  });
}

TEST_P(ProcessGroupTest, SumsNumbers) {
  const int ranks = GetParam();
  RunRanks(ranks, [&](Group& group) {
    EXPECT_EQ(SumNumbers(group, {1.0, 0.5 * group.rank()}),
              (std::vector<double>{double(ranks), 0.25 * ranks * (ranks - 1)}));
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, ProcessGroupTest, testing::Values(1, 2, 4));

template <typename Body>
Error ErrorOf(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorKind::kInternal, ""};
}

TEST(ProcessGroupTest, ARankThatLeavesEndsTheOthersWait) {
  std::atomic<int> lost = 0;
  const Error error = ErrorOf([&] {
    RunRanks(3, [&](Group& group) {
      torch::Tensor x = torch::ones({3});
      group.Reduce({x}, Reduction::kSum);
      if (group.rank() == 1) Fail(ErrorKind::kTrial, "rank 1 leaves");
      const auto start = std::chrono::steady_clock::now();
      try {
        for (;;) group.Reduce({x}, Reduction::kSum);
      } catch (const Error& loss) {
        EXPECT_EQ(loss.failure(), Failure::kLostWorker) << loss.what();
        EXPECT_EQ(loss.kind(), ErrorKind::kTrial);
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
        ++lost;
        throw;
      }
    });
  });
  EXPECT_STREQ(error.what(), "rank 1 leaves");
  EXPECT_EQ(lost, 2);
}

TEST(ProcessGroupTest, ARankThatIsLateEndsTheWaitAtTheTimeout) {
  const Error error = ErrorOf([&] {
    RunRanks(
        2,
        [&](Group& group) {
          torch::Tensor x = torch::ones({3});
          if (group.rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(2));
          group.Reduce({x}, Reduction::kSum);
        },
        /*timeout=*/0.5);
  });
  EXPECT_EQ(error.failure(), Failure::kLostWorker);
}

TEST(ProcessGroupTest, ARankThatNeverComesEndsTheRendezvous) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  const Error error = ErrorOf([&] { MakeGroup(store, {0, 2, torch::kCPU, "lo", 0.5}); });
  EXPECT_EQ(error.failure(), Failure::kLostWorker);
  EXPECT_TRUE(std::string(error.what()).starts_with("the other ranks do not all come: "))
      << error.what();
}

TEST(ProcessGroupTest, FindsInterfacesByNameAndSubnet) {
  EXPECT_EQ(FindNetworkPlace("lo").address, "127.0.0.1");
  EXPECT_EQ(FindNetworkPlace("no-such,127.0.0.0/8").interface, "lo");
  EXPECT_EQ(FindNetworkPlace("").address, "");
  const Error error = ErrorOf([] { FindNetworkPlace("203.0.113.0/24"); });
  EXPECT_EQ(error.kind(), ErrorKind::kCluster);
}

}  // namespace
}  // namespace zerosweep
