#include "engine/sensitivity/bit_allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/quant/quantized_network.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/error_message.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::Pair;

// Of TinyTeacher: conv1 has 216 weights, conv2 576, fc 32. Ω halves with every bit.
Sensitivity TinySensitivity(const std::vector<double>& at_two_bits = {1, 0.1, 4}) {
  Sensitivity sensitivity;
  const char* names[] = {"conv1", "conv2", "fc"};
  const int64_t weights[] = {216, 576, 32};
  for (size_t i = 0; i < 3; ++i) {
    OpSensitivity op{names[i], weights[i], {}};
    for (int bits = 2; bits <= 8; ++bits) op.omega.push_back(at_two_bits[i] / (1 << (bits - 2)));
    sensitivity.ops.push_back(op);
  }
  return sensitivity;
}

int64_t SizeOf(const std::map<std::string, int>& bits) {
  return 216 * bits.at("conv1") + 576 * bits.at("conv2") + 32 * bits.at("fc");
}

TEST(BitAllocationTest, TheBestOfAllConfigurationsWithinTheBudget) {
  const Teacher teacher = TinyTeacher();
  const Sensitivity sensitivity = TinySensitivity();
  const std::vector<int> choices = {2, 3, 4, 5, 6, 8};
  for (int budget = 2; budget <= 8; ++budget) {
    const BitAllocation allocation =
        AllocateBits(teacher.graph, Protocol{}, sensitivity, {budget, choices, 0});
    EXPECT_EQ(allocation.budget, 824 * budget);
    double best = 1e9;
    for (const int a : choices) {
      for (const int b : choices) {
        for (const int c : choices) {
          if (216 * a + 576 * b + 32 * c > 824 * budget) continue;
          best = std::min(
              best, sensitivity.Omega(0, a) + sensitivity.Omega(1, b) + sensitivity.Omega(2, c));
        }
      }
    }
    EXPECT_DOUBLE_EQ(allocation.chosen.omega, best) << budget;
    EXPECT_EQ(allocation.chosen.size, SizeOf(allocation.widths.by_op));
    EXPECT_LE(allocation.chosen.size, allocation.budget);
  }
}

TEST(BitAllocationTest, TheProtocolsBitsWinAndCount) {
  const Teacher teacher = TinyTeacher();
  const Protocol protocol{.first_w = 8, .last_w = 6};
  const BitAllocation allocation =
      AllocateBits(teacher.graph, protocol, TinySensitivity(), {4, {2, 3, 4}, 0});
  // 824·4 = 3296 bits; conv1 takes 1728 and fc 192 of them, which leaves 2.4 bits for conv2.
  EXPECT_THAT(allocation.widths.by_op,
              ElementsAre(Pair("conv1", 8), Pair("conv2", 2), Pair("fc", 6)));
  EXPECT_EQ(allocation.chosen.size, 1728 + 576 * 2 + 192);
  EXPECT_DOUBLE_EQ(allocation.chosen.omega, 1.0 / 64 + 0.1 + 4.0 / 16);
  EXPECT_EQ(allocation.frontier.front().size, 1728 + 576 * 2 + 192);
  EXPECT_EQ(allocation.frontier.back().size, 1728 + 576 * 4 + 192);
  // The same bits reach the network, folded or not.
  for (const bool fold : {false, true}) {
    const QuantizedNetwork network(teacher, {protocol, fold, allocation.widths, 8});
    EXPECT_EQ(network.WeightBytes() * 8, static_cast<double>(allocation.chosen.size));
  }
  const Protocol full{.last_w = 32};
  EXPECT_DOUBLE_EQ(AllocateBits(teacher.graph, full, TinySensitivity(), {8, {2}, 0}).chosen.omega,
                   1 + 0.1)
      << "full precision changes nothing";
}

TEST(BitAllocationTest, ABudgetThatNothingMeetsIsRefused) {
  const Teacher teacher = TinyTeacher();
  const Protocol protocol{.first_w = 8};
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage,
                         [&] {
                           AllocateBits(teacher.graph, protocol, TinySensitivity(), {3, {2, 4}, 0});
                         }),
            "mp3: the weights take at least 2944 bits (1728 of them in ops whose bits the protocol "
            "fixes), the budget is 2472: raise it, add smaller choices or set first_w and last_w "
            "to 'same'");
}

TEST(BitAllocationTest, ASensitivityOfAnotherNetworkIsRefused) {
  Sensitivity other = TinySensitivity();
  other.ops.pop_back();
  EXPECT_THAT(ErrorMessage(ErrorKind::kStorage,
                           [&] {
                             AllocateBits(TinyTeacher().graph, Protocol{}, other, {4, {2, 4}, 0});
                           }),
              testing::HasSubstr("of another network: it has 2 ops, this one 3"));
}

TEST(BitAllocationTest, BitsByOpAreCheckedAgainstTheNetwork) {
  const Graph graph = TinyTeacher().graph;
  const std::map<std::string, int> fits = {{"conv1", 8}, {"conv2", 3}, {"fc", 32}};
  EXPECT_EQ(WeightBits(graph, Protocol{}, WidthsByOp(graph, fits)), (std::vector<int>{8, 3, 32}));
  EXPECT_EQ(WeightBits(graph, {.first_w = 4}, WidthsByOp(graph, fits)),
            (std::vector<int>{4, 3, 32}));
  EXPECT_EQ(
      ErrorMessage(ErrorKind::kUsage,
                   [&] {
                     WidthsByOp(graph, {{"conv1", 8}, {"conv3", 2}, {"zzzzzzzzz", 2}});
                   }),
      "the bits by layer do not fit the network of 3 weighted ops: it has no 'conv3' (did you "
      "mean 'conv1'?), 'zzzzzzzzz'; no bits are given for conv2, fc");
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage,
                         [&] {
                           WidthsByOp(graph, {{"conv1", 8}, {"conv2", 2}});
                         }),
            "the bits by layer do not fit the network of 3 weighted ops: no bits are given for fc");
}

// Every weight takes at most 2^b values per channel, b being its own.
TEST(BitAllocationTest, EveryWeightTakesAtMostTwoToItsBitsValues) {
  const Teacher teacher = TinyTeacher();
  WeightBitWidths widths;
  widths.by_op = {{"conv1", 2}, {"conv2", 4}, {"fc", 3}};
  const QuantizedNetwork network(teacher, {Protocol{}, false, widths, 8});
  EXPECT_EQ(network.WeightBytes() * 8, 216 * 2 + 576 * 4 + 32 * 3);
  for (const auto& [node, weight] : network.weights()) {
    const Node& op = network.graph().nodes[static_cast<size_t>(node)];
    EXPECT_EQ(weight.grid.bits, widths.by_op.at(op.name));
    const torch::Tensor channels = op.parameters.at("weight").flatten(1);
    for (int64_t c = 0; c < channels.size(0); ++c)
      EXPECT_LE(std::get<0>(at::_unique(channels[c])).numel(), 1 << weight.grid.bits);
  }
}

}  // namespace
}  // namespace zerosweep
