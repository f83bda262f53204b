#include "cluster/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "cluster/batch.h"

namespace zerosweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string Words(const MpirunSpec& spec) { return Join(MpirunCommand(spec), " "); }

TEST(LauncherTest, RanksOfThisHostStayOnLoopback) {
  EXPECT_THAT(Words({.ranks = 3}),
              AllOf(HasSubstr("-np 3"), HasSubstr("btl_tcp_if_include lo"),
                    HasSubstr("--with-ft ulfm"), HasSubstr("--map-by :OVERSUBSCRIBE")));
  EXPECT_THAT(Words({.ranks = 3, .ulfm = false}),
              AllOf(HasSubstr("btl_tcp_if_include lo"), HasSubstr("--enable-recovery"),
                    HasSubstr("--oversubscribe"), Not(HasSubstr("ulfm"))));
}

TEST(LauncherTest, RanksOfSeveralNodesAreOneANodeAndMeetAnywhere) {
  for (const bool ulfm : {true, false}) {
    EXPECT_THAT(Words({.ranks = 2, .over_nodes = true, .ulfm = ulfm}),
                AllOf(HasSubstr("-np 2"), HasSubstr("--map-by ppr:1:node"),
                      Not(HasSubstr("if_include")), Not(HasSubstr("oversubscribe"))));
  }
}

TEST(LauncherTest, AnInterfaceIsForRanksAndDaemons) {
  EXPECT_THAT(
      Words({.ranks = 2, .over_nodes = true, .interface = "ib0"}),
      AllOf(HasSubstr("--mca btl_tcp_if_include ib0"), HasSubstr("--prtemca prte_if_include ib0")));
  EXPECT_THAT(
      Words({.ranks = 2, .over_nodes = true, .interface = "ib0", .ulfm = false}),
      AllOf(HasSubstr("--mca btl_tcp_if_include ib0"), HasSubstr("--mca oob_tcp_if_include ib0")));
}

TEST(LauncherTest, DaemonsRefuseLoopback) {
  EXPECT_THAT(Words({.ranks = 2, .over_nodes = true, .interface = "lo"}),
              AllOf(HasSubstr("--mca btl_tcp_if_include lo"), Not(HasSubstr("prte_if_include"))));
}

// Which ends of a run inside a Slurm job lead to another start of it.
TEST(LauncherTest, AJobContinuesAfterAWarningAndAfterLostRanks) {
  EXPECT_EQ(HowToContinue({.code = 75, .warned = true}), Continuation::kInterrupted);
  EXPECT_EQ(HowToContinue({.code = 137, .warned = true}), Continuation::kInterrupted);
  EXPECT_EQ(HowToContinue({.code = 75}), Continuation::kInterrupted)
      << "the time would not suffice";
  EXPECT_EQ(HowToContinue({.code = 4, .nodes = 2}), Continuation::kLost);
  EXPECT_EQ(HowToContinue({.code = 4, .nodes = 2, .losses = 1}), Continuation::kLost);
}

TEST(LauncherTest, AJobDoesNotContinueOtherwise) {
  for (const int code : {0, 1, 2, 4, 70})
    EXPECT_EQ(HowToContinue({.code = code, .warned = true}), Continuation::kNone) << code;
  EXPECT_EQ(HowToContinue({.code = 137}), Continuation::kNone) << "nobody asked for it";
  EXPECT_EQ(HowToContinue({.code = 75, .terminated = true}), Continuation::kNone) << "scancel";
  EXPECT_EQ(HowToContinue({.code = 75, .warned = true, .terminated = true}), Continuation::kNone)
      << "scancel while it saves";
  EXPECT_EQ(HowToContinue({.code = 4, .terminated = true, .nodes = 2}), Continuation::kNone);
  EXPECT_EQ(HowToContinue({.code = 4, .nodes = 1}), Continuation::kNone) << "a disk, a lock";
  EXPECT_EQ(HowToContinue({.code = 4, .nodes = 2, .losses = 2}), Continuation::kNone);
}

}  // namespace
}  // namespace zerosweep
