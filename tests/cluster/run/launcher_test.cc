#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "cluster/run/mpirun.h"
#include "cluster/slurm/batch.h"

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

TEST(LauncherTest, RanksOfThisHostDoNotSeeOtherLaunchers) {
  const std::map<std::string, std::string> kept = {
      {"HOME", "/h"}, {"PATH", "/p"}, {"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"ZEROSWEEP_HOME", "/z"}};
  std::map<std::string, std::string> all = kept;
  for (const char* name :
       {"SLURM_JOBID", "SLURM_JWT", "SLURMD_NODENAME", "PMI_FD", "PMI2_FD", "PBS_JOBID",
        "LSB_JOBID", "FLUX_JOB_ID", "PE_HOSTFILE", "OMPI_MCA_plm", "PRTE_MCA_ras", "OPAL_PREFIX",
        "PMIX_SERVER_URI41", "OMPI_UNIVERSE_SIZE", "PMIX_RANK", "PMIX_MCA_gds"})
    all[name] = "x";
  EXPECT_EQ(MpirunEnvironment(all, /*over_nodes=*/false), kept);
  all.erase("PMIX_RANK");
  EXPECT_THAT(MpirunEnvironment(all, false), testing::Contains(testing::Key("PMIX_MCA_gds")))
      << "the user's own";
}

TEST(LauncherTest, RanksOfThisHostKnowTheirJobAndNoSecrets) {
  EXPECT_THAT(RankEnvironment({{"SLURM_JOB_ID", "4"}, {"SLURM_JWT", "secret"}, {"HOME", "/h"}}),
              testing::ElementsAre("/usr/bin/env", "SLURM_JOB_ID=4"));
}

TEST(LauncherTest, RanksOfNodesAreSlurmsMatter) {
  const std::map<std::string, std::string> ours = {{"HOME", "/h"},
                                                   {"SLURM_JOBID", "4"},
                                                   {"PRTE_MCA_plm_slurm_args", "--external"},
                                                   {"OMPI_MCA_btl", "self"}};
  EXPECT_EQ(MpirunEnvironment(ours, /*over_nodes=*/true), ours);
  std::map<std::string, std::string> stale = ours;
  stale["PMIX_RANK"] = stale["PMIX_SERVER_URI3"] = "x";
  EXPECT_EQ(MpirunEnvironment(stale, true),
            (std::map<std::string, std::string>{{"HOME", "/h"}, {"SLURM_JOBID", "4"}}));
}

TEST(LauncherTest, MpirunIsToldOfAnAllocationByTheNamesItKnows) {
  const auto told = MpirunEnvironment(
      {{"SLURM_JOB_ID", "4"}, {"SLURM_JOB_NODELIST", "n1"}, {"SLURM_NNODES", "1"}}, true);
  EXPECT_EQ(told.at("SLURM_JOBID"), "4");
  EXPECT_EQ(told.at("SLURM_NODELIST"), "n1");
  EXPECT_EQ(told.at("SLURM_NNODES"), "1");
}

TEST(LauncherTest, MpirunAlwaysHasAHome) {
  EXPECT_NE(MpirunEnvironment({}, false).at("HOME"), "");
  EXPECT_EQ(MpirunEnvironment({{"HOME", "/h"}}, true).at("HOME"), "/h");
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
