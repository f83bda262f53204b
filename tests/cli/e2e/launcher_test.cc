// Ranks of this host, whatever the shell around them was begun by.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/wait.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Variables = std::vector<std::string>;

// A sweep that is done: its ranks begin, find nothing to do, and end with 3.
class LauncherTest : public testing::Test {
 protected:
  LauncherTest() {
    line_.Write("sweep.yaml", CommandLine::Sweep("grid:\n  method: [noise]\n  bits: [w8a8]\n"));
    EXPECT_EQ(line_.Do({"run", line_ / "sweep.yaml"}).code, 0);
  }
  // `variables` for env(1), `before` for the words before zerosweep.
  Finished Run(const Variables& variables, const std::vector<std::string>& more = {"--ranks", "2"},
               const std::vector<std::string>& before = {}) const {
    std::vector<std::string> words = {"/usr/bin/env"};
    words.insert(words.end(), variables.begin(), variables.end());
    words.insert(words.end(), before.begin(), before.end());
    words.insert(words.end(), {BuildFolder() + "/bin/zerosweep", "--home", line_.home(), "run",
                               line_ / "sweep.yaml"});
    words.insert(words.end(), more.begin(), more.end());
    const double start = SystemClock().Monotonic();
    const Finished finished = line_.StartProgram(words)->Wait(30);
    EXPECT_LT(SystemClock().Monotonic() - start, 12) << testing::PrintToString(variables);
    return finished;
  }

  CommandLine line_;
};

// What jobs, steps and launchers that have ended leave behind in a tmux, and what an ssh into a
// node brings.
const std::vector<Variables>& Leftovers() {
  static const std::vector<Variables> kept = {
      {"SLURM_JOB_ID=1", "SLURM_JOBID=1"},
      {"SLURM_JOB_ID=1", "SLURM_JOBID=1", "SLURM_JOB_NUM_NODES=2", "SLURM_NNODES=2",
       "SLURM_JOB_NODELIST=n[1-2]", "SLURM_NODELIST=n[1-2]", "SLURM_TASKS_PER_NODE=1(x2)",
       "SLURM_JOB_CPUS_PER_NODE=4(x2)", "SLURM_JOB_END_TIME=1"},
      {"SLURM_JOB_ID=1", "SLURM_JOBID=1", "SLURM_STEP_ID=0", "SLURM_STEPID=0",
       "SLURM_STEP_NUM_TASKS=4", "SLURM_PROCID=0", "SLURM_NTASKS=4", "SLURM_STEP_NODELIST=n1",
       "SLURM_NODELIST=n1", "SLURM_TASKS_PER_NODE=4", "SLURMD_NODENAME=n1",
       "SLURM_LAUNCH_NODE_IPADDR=192.0.2.1", "SLURM_SRUN_COMM_PORT=1"},
      {"PMIX_RANK=0", "PMIX_NAMESPACE=slurm.pmix.123.0"},
      {"PMIX_RANK=0", "PMIX_NAMESPACE=slurm.pmix.123.0",
       "PMIX_SERVER_URI41=slurm.pmix.123.0;tcp4://127.0.0.1:1",
       "PMIX_SERVER_URI3=slurm.pmix.123.0;tcp6://[::1]:1", "PMIX_SERVER_TMPDIR=/nonexistent",
       "PMIX_GDS_MODULE=ds21,ds12,hash", "PMIX_SECURITY_MODE=munge,native"},
      {"OMPI_COMM_WORLD_SIZE=4", "OMPI_COMM_WORLD_RANK=1", "OMPI_UNIVERSE_SIZE=4",
       "OMPI_MCA_ess=^singleton", "OMPI_MCA_orte_launch=1", "OMPI_MCA_pmix=^s1,s2,cray,isolated",
       "OMPI_MCA_orte_hnp_uri=1.0;tcp://192.0.2.2:1", "OPAL_PREFIX=/nonexistent",
       "PMIX_PREFIX=/nonexistent", "PRTE_LAUNCHED=1", "PMIX_RANK=1", "PMIX_NAMESPACE=a@1"},
      {"PMI_RANK=0", "PMI_SIZE=2", "PMI_FD=9", "PMI2_FD=9"},
      {"PRTE_MCA_plm=slurm", "PRTE_MCA_ras=slurm", "OMPI_MCA_plm=slurm"},
      {"PBS_JOBID=7", "PBS_ENVIRONMENT=PBS_BATCH", "PBS_NODEFILE=/nonexistent", "LSB_JOBID=7",
       "LSB_HOSTS=a b", "PE_HOSTFILE=/nonexistent", "FLUX_JOB_ID=7"},
  };
  return kept;
}

TEST_F(LauncherTest, RanksOfThisHostBeginWhateverTheShellHasKept) {
  for (const Variables& kept : Leftovers()) {
    const Finished finished = Run(kept);
    EXPECT_EQ(finished.code, 3) << testing::PrintToString(kept) << finished.err;
    EXPECT_THAT(finished.err, Not(HasSubstr("starting it again")));
  }
  line_.ExpectNoOrphans();
}

TEST_F(LauncherTest, ARunWithoutRanksJoinsNoLauncherThatHasEnded) {
  for (const Variables& kept : Leftovers()) {
    if (testing::PrintToString(kept).find("NODELIST=n[") != std::string::npos) continue;
    const Finished finished = Run(kept, {});
    EXPECT_EQ(finished.code, 3) << testing::PrintToString(kept) << finished.err;
  }
}

// A shell that has kept the variables of an allocation computes neither here nor there in silence.
TEST_F(LauncherTest, AnAllocationOfOtherNodesThatCannotBeReachedIsRefused) {
  for (const char* nodes : {"n01", "n[01-02]", "n01.cluster.example"}) {
    const Finished finished = Run({"PATH=/nonexistent", "SLURM_JOB_ID=4", "SLURM_JOB_NUM_NODES=1",
                                   std::string("SLURM_JOB_NODELIST=") + nodes},
                                  {});
    EXPECT_EQ(finished.code, 4) << finished.err;
    EXPECT_THAT(finished.err,
                AllOf(HasSubstr("job 4 has " + std::string(nodes)), HasSubstr("--ranks 1")));
  }
  // A Slurm that nobody answers for.
  const Finished unknown = Run({"SLURM_CONF=/nonexistent", "SLURM_JOB_ID=4",
                                "SLURM_JOB_NUM_NODES=1", "SLURM_JOB_NODELIST=n01"},
                               {});
  EXPECT_EQ(unknown.code, 4) << unknown.err;
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("job 4 has n01"), HasSubstr("--ranks 1")));
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  EXPECT_EQ(
      Run({"SLURM_JOB_ID=4", "SLURM_JOB_NUM_NODES=1", std::string("SLURM_JOB_NODELIST=") + host},
          {})
          .code,
      3)
      << "this host is the node";
}

TEST_F(LauncherTest, RanksNeedNoHome) {
  for (const Variables& home :
       {Variables{"-u", "HOME"}, {"HOME="}, {"HOME=/nonexistent"}, {"HOME=relative"}, {"-i"}}) {
    const Finished finished = Run(home);
    EXPECT_EQ(finished.code, 3) << testing::PrintToString(home) << finished.err;
  }
}

TEST_F(LauncherTest, RanksNeedNoNetworkButLoopback) {
  const pid_t child = fork();
  if (child == 0) _exit(unshare(CLONE_NEWNET) == 0 ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) GTEST_SKIP() << "no network namespace of our own here";
  const Finished up = Run({}, {"--ranks", "2"},
                          {"unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"});
  EXPECT_EQ(up.code, 3) << up.err;
  const Finished down = Run({}, {"--ranks", "2"}, {"unshare", "-n"});
  EXPECT_EQ(down.code, 4);
  EXPECT_THAT(down.err, HasSubstr("--ranks needs the loopback interface"));
  EXPECT_EQ(std::count(down.err.begin(), down.err.end(), '\n'), 1) << down.err;
  EXPECT_EQ(Run({}, {}, {"unshare", "-n"}).code, 3);
}

}  // namespace
}  // namespace zerosweep
