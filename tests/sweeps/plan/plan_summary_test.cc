// A plan beside what the home has done.
#include "sweeps/plan/plan_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sweep_folder.h"
#include "tests/support/sweep_rows.h"

namespace zerosweep {
namespace {

class PlanSummaryTest : public testing::Test {
 protected:
  PlanSummaryTest()
      : plan_(folder_.Expand(
            CifarSweep("grid:\n  bits: [w8a8, w4a4]\n  method: [noise, zeroq]\nseeds: [0, 1]\n"))),
        home_{folder_ / "home"} {}

  SweepFolder folder_;
  Plan plan_;
  Home home_;
};

TEST_F(PlanSummaryTest, CountsSharedStagesWithoutADatabase) {
  const PlanSummary summary = SummarisePlan(plan_, home_);
  EXPECT_EQ(summary.trials, 8U);
  EXPECT_EQ(summary.stages, 1U + 4U + 8U + 8U);
  EXPECT_EQ(summary.shared, 5U);  // the teacher and the images of 2 methods × 2 seeds
  EXPECT_EQ(summary.done, 0U);
  EXPECT_EQ(summary.to_compute(), 21U);
  EXPECT_GT(summary.price.seconds, 0);
  EXPECT_EQ(summary.price.basis, CostBasis::kRough);
  EXPECT_FALSE(std::filesystem::exists(home_.database()));
}

TEST_F(PlanSummaryTest, ListsImplementationsOfAKindTogether) {
  std::vector<std::string> kinds;
  for (const KindSummary& kind : SummarisePlan(plan_, home_).kinds) {
    kinds.push_back(kind.kind + " " + kind.implementation);
  }
  EXPECT_THAT(kinds, testing::ElementsAre("teacher teacher", "synthesize noise", "synthesize zeroq",
                                          "quantize minmax", "evaluate evaluate"));
}

TEST_F(PlanSummaryTest, KnowsWhatIsDoneAndWhatTheRestWillCost) {
  home_.Create();
  {
    HomeLock lock(home_, SystemClock());
    ResultsWriter writer(home_, lock);
    writer.AddSweep(plan_.sweep, plan_.source, plan_.resolved, plan_.trials, plan_.stages);
    for (const TrialRow& trial : plan_.trials) {
      if (trial.seeds.synthesis == 0 && trial.configuration->w_bits == 8)
        FinishTrial(writer, plan_.stages, trial, 90);
    }
  }
  const PlanSummary summary = SummarisePlan(plan_, home_);
  EXPECT_EQ(summary.done, 1U + 2U + 2U + 2U);
  EXPECT_EQ(summary.to_compute(), 14U);
  EXPECT_EQ(summary.price.basis, CostBasis::kMeasured);
  EXPECT_DOUBLE_EQ(summary.price.seconds, 14);  // every finished stage took one second
  EXPECT_DOUBLE_EQ(summary.longest_chain, 3);   // behind the teacher, which is done
  EXPECT_FALSE(summary.kinds.front().price.basis) << "the teacher is done";
  const Plan other = folder_.Expand(CifarSweep("  method: real\n  bits: w8a8\n"));
  const PlanSummary unknown = SummarisePlan(other, home_);
  EXPECT_EQ(unknown.done, 1U);  // the teacher
  // The least certain of its stages tells what the sum is worth.
  EXPECT_EQ(unknown.price.basis, CostBasis::kRough);
  ASSERT_EQ(unknown.kinds.size(), 4U);
  EXPECT_EQ(unknown.kinds[1].price.basis, CostBasis::kRough);     // real images
  EXPECT_EQ(unknown.kinds[2].price.basis, CostBasis::kMeasured);  // minmax
}

TEST_F(PlanSummaryTest, TellsAPriceWithTheDigitsThatAreKnown) {
  Price price;
  EXPECT_FALSE(price.basis);
  price.Add({1234.5, CostBasis::kMeasured});
  EXPECT_EQ(price.Rounded(price.seconds), 1230);
  price.Add({0, CostBasis::kRough});
  price.Add({0, CostBasis::kScaled});
  EXPECT_EQ(price.basis, CostBasis::kRough);
  EXPECT_EQ(price.Rounded(price.seconds), 1200);
  EXPECT_EQ(price.Rounded(0), 0);
}

}  // namespace
}  // namespace zerosweep
