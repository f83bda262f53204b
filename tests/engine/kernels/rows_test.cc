#include "engine/kernels/rows.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(RowsTest, AreThoseOfTheOperatorsInTheOrderOfTheCache) {
  torch::manual_seed(1);
  const torch::Tensor indices = torch::tensor({3, 0, 3, 4}, torch::kInt64);
  for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    const torch::Tensor cache = torch::randn({5, 3, 7, 4}).contiguous(format),
                        others = torch::randn({5, 3, 7, 4}).contiguous(format);
    const torch::Tensor rows = SelectRows(cache, indices);
    EXPECT_TRUE(torch::equal(rows, cache.index_select(0, indices)));
    EXPECT_TRUE(rows.is_contiguous(format));
    const torch::Tensor keep = torch::randint(2, rows.sizes(), torch::kUInt8).contiguous(format);
    const torch::Tensor expected =
        torch::where(keep.to(torch::kBool), rows.clone(), others.index_select(0, indices));
    EXPECT_TRUE(torch::equal(MixRows(rows.clone(), keep, others, indices), expected));
    // A mask of another order, and rows of another type.
    EXPECT_TRUE(torch::equal(
        MixRows(rows.clone(), keep.transpose(2, 3).contiguous().transpose(2, 3), others, indices),
        expected));
    EXPECT_TRUE(
        torch::equal(SelectRows(cache.to(torch::kFloat64), indices), rows.to(torch::kFloat64)));
  }
  EXPECT_TRUE(
      torch::equal(SelectRows(torch::arange(5.F), indices), torch::tensor({3.F, 0.F, 3.F, 4.F})));
}

}  // namespace
}  // namespace zerosweep
