// Slurm's answers, sensible and otherwise, from programs that a test makes.
#include "cluster/slurm/slurm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster/transport/mpi_loader.h"
#include "tests/support/fake_slurm.h"

namespace zerosweep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const char* const kInvalid = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1";

class SlurmTest : public testing::Test {
 protected:
  SlurmJob Ask(const std::string& squeue) {
    fake_.Set("squeue", squeue);
    return slurm_.Ask("4");
  }
  // squeue and scontrol have no such job.
  SlurmJob AskForgotten(const std::string& sacct) {
    fake_.Set("scontrol", kInvalid);
    fake_.Set("sacct", sacct);
    return Ask(kInvalid);
  }

  FakeSlurm fake_;
  const ScopedVariable path_{"PATH", fake_.path()};
  const Slurm slurm_{0.7};
};

TEST_F(SlurmTest, StatesAreAliveEndedOrUnknown) {
  for (const char* state : {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "REQUEUED",
                            "SUSPENDED", "SIGNALING", "STAGE_OUT", "REQUEUE_HOLD"})
    EXPECT_EQ(IsAliveState(state), Tristate::kYes) << state;
  for (const char* state : {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED",
                            "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"})
    EXPECT_EQ(IsAliveState(state), Tristate::kNo) << state;
  for (const char* state : {"", "running", "R", "NEW_IN_2030", "COMPLETED?"})
    EXPECT_EQ(IsAliveState(state), Tristate::kUnknown) << state;
}

TEST_F(SlurmTest, ReadsWhatTheQueueSays) {
  const SlurmJob job = Ask("echo '4|RUNNING|2|4000000049|None'");
  EXPECT_EQ(job.alive, Tristate::kYes);
  EXPECT_EQ(job.state, "RUNNING");
  EXPECT_EQ(job.reason, "");
  EXPECT_EQ(job.nodes, 2);
  EXPECT_EQ(job.end, 4000000049);
  EXPECT_EQ(Ask("echo '4|PENDING|1|N/A|(Req|Node|Not|Avail)'").reason, "(Req|Node|Not|Avail)");
  EXPECT_EQ(Ask("echo '4|TIMEOUT|1|N/A|None'").alive, Tristate::kNo);
  EXPECT_EQ(Ask("echo '4|NEW_IN_2030|1|N/A|None'").alive, Tristate::kUnknown);
}

TEST_F(SlurmTest, AnArrayIsAliveWhileOneOfItIs) {
  const SlurmJob job =
      Ask("echo '4_1|COMPLETED|1|N/A|None'; echo '4_[2-3]%1|PENDING|1|N/A|JobArrayTaskLimit'");
  EXPECT_EQ(job.alive, Tristate::kYes);
  EXPECT_EQ(job.state, "PENDING");
  EXPECT_EQ(Ask("echo '4_1|COMPLETED|1|N/A|None'; echo '4_2|FAILED|1|N/A|None'").alive,
            Tristate::kNo);
  EXPECT_EQ(Ask("echo '4+0|COMPLETED|1|N/A|None'; echo '4+1|WHAT|1|N/A|None'").alive,
            Tristate::kUnknown);
}

TEST_F(SlurmTest, WhatCannotBeUnderstoodIsUnknown) {
  for (const char* nonsense :
       {"echo 'Maintenance at noon'", "echo '4|RUN'", "echo '5|COMPLETED|1|N/A|None'",
        "head -c 100000 /dev/urandom", "echo '44|COMPLETED|1|N/A|None'", "kill -9 $$",
        "echo 'slurm_load_jobs error: Socket timed out on send/recv operation' >&2; exit 1",
        "echo '4|COMPLETED|1|N/A|None'; exit 1", "exit 1"})
    EXPECT_EQ(Ask(nonsense).alive, Tristate::kUnknown) << nonsense;
  EXPECT_THAT(fake_.Calls("scontrol"), IsEmpty());
}

TEST_F(SlurmTest, WhoHangsIsUnknown) {
  const double start = SystemClock().Monotonic();
  EXPECT_EQ(Ask("sleep 60").alive, Tristate::kUnknown);
  EXPECT_LT(SystemClock().Monotonic() - start, 10);
}

TEST_F(SlurmTest, AProgramThatIsNotThereIsUnknown) {
  const ScopedVariable path("PATH", "/nonexistent");
  EXPECT_EQ(slurm_.Ask("4").alive, Tristate::kUnknown);
  EXPECT_FALSE(Slurm::IsThere());
}

TEST_F(SlurmTest, AForgottenJobHasEndedWhenTheControllerSaysSoAgain) {
  const SlurmJob job = AskForgotten("echo 'Slurm accounting storage is disabled' >&2; exit 1");
  EXPECT_EQ(job.alive, Tristate::kNo);
  EXPECT_EQ(job.state, "GONE");
  EXPECT_THAT(fake_.Calls("scontrol"),
              ElementsAre(ElementsAre("scontrol", "show", "job", "-o", "4")));
  fake_.Set("scontrol", kInvalid);
  EXPECT_EQ(Ask("").alive, Tristate::kNo) << "an empty answer is asked about again";
}

TEST_F(SlurmTest, AccountingTellsHowAForgottenJobEnded) {
  EXPECT_EQ(AskForgotten("echo '4|CANCELLED by 1000'").state, "CANCELLED");
  EXPECT_EQ(AskForgotten("echo '4|RUNNING'").alive, Tristate::kUnknown);
  EXPECT_EQ(AskForgotten("echo '5|RUNNING'; echo nonsense").alive, Tristate::kNo);
}

TEST_F(SlurmTest, AForgottenJobIsAliveWhileTheControllerKnowsItOrIsSilent) {
  fake_.Set("scontrol", "echo 'JobId=4 JobName=x JobState=RUNNING Reason=None'");
  EXPECT_EQ(Ask(kInvalid).alive, Tristate::kYes);
  fake_.Set("scontrol", "echo 'JobId=4 JobName=x'");
  EXPECT_EQ(Ask(kInvalid).alive, Tristate::kUnknown);
  fake_.Set("scontrol", "echo 'Unable to contact slurm controller' >&2; exit 1");
  EXPECT_EQ(Ask(kInvalid).alive, Tristate::kUnknown);
  fake_.Set("scontrol", "sleep 60");
  EXPECT_EQ(Ask(kInvalid).alive, Tristate::kUnknown);
}

TEST_F(SlurmTest, WhatIsNoNumberIsNeverAsked) {
  for (const char* job : {"", "4;rm", "--help", "4 5", "4_1", "99999999999999999999"})
    EXPECT_EQ(slurm_.Ask(job).alive, Tristate::kUnknown) << job;
  EXPECT_THAT(fake_.Calls("squeue"), IsEmpty());
}

TEST_F(SlurmTest, VariablesThatFilterAreNotPassedOn) {
  const ScopedVariable partition("SQUEUE_PARTITION", "other"), format("SQUEUE_FORMAT", "%i"),
      time("SLURM_TIME_FORMAT", "relative");
  Ask("env > \"$FAKE/environment\"");
  const std::string environment = Contents(fake_ / "environment");
  EXPECT_THAT(environment, testing::Not(HasSubstr("SQUEUE_")));
  EXPECT_THAT(environment, HasSubstr("SLURM_TIME_FORMAT=%s\n"));
}

TEST_F(SlurmTest, SubmittingGivesTheNumberOfTheJob) {
  fake_.Set("sbatch", "echo 'Welcome'; echo '17;blue'");
  const SubmittedJob job = slurm_.Submit({"--nodes=2", "a b"}, "/h/job.sh");
  EXPECT_EQ(job.taken, Tristate::kYes);
  EXPECT_EQ(job.id, "17");
  EXPECT_EQ(job.cluster, "blue");
  EXPECT_THAT(fake_.Calls("sbatch"),
              ElementsAre(ElementsAre("sbatch", "--parsable", "--nodes=2", "a b")));
}

TEST_F(SlurmTest, AJobInheritsTheEnvironmentButNotTheFactsOfAnother) {
  fake_.Set("sbatch", "env > \"$FAKE/environment\"; echo 17");
  const ScopedVariable locale("LC_ALL", "C.UTF-8"), mpi("SLURM_MPI_TYPE", "pmix"),
      configuration("SLURM_CONF", "/etc/slurm.conf");
  slurm_.Submit({}, "/h/job.sh");
  std::string environment = Contents(fake_ / "environment");
  EXPECT_THAT(environment, HasSubstr("LC_ALL=C.UTF-8\n"));
  EXPECT_THAT(environment, HasSubstr("SLURM_MPI_TYPE=pmix\n"));
  EXPECT_THAT(environment, testing::Not(HasSubstr("SLURM_TIME_FORMAT")));
  const ScopedVariable job("SLURM_JOB_ID", "4"), memory("SLURM_MEM_PER_NODE", "1");
  slurm_.Submit({}, "/h/job.sh");
  environment = Contents(fake_ / "environment");
  EXPECT_THAT(environment, HasSubstr("SLURM_CONF=/etc/slurm.conf\n"));
  EXPECT_THAT(environment, testing::Not(HasSubstr("SLURM_MEM_PER_NODE")));
  EXPECT_THAT(environment, testing::Not(HasSubstr("SLURM_JOB_ID")));
}

TEST_F(SlurmTest, ARefusedJobIsToldFromOneThatNobodyKnowsOf) {
  fake_.Set("sbatch", "echo 'sbatch: error: invalid partition specified: x' >&2; exit 1");
  SubmittedJob job = slurm_.Submit({}, "/h/job.sh");
  EXPECT_EQ(job.taken, Tristate::kNo);
  EXPECT_EQ(job.why, "sbatch: error: invalid partition specified: x");
  fake_.Set("sbatch", "sleep 60");
  job = slurm_.Submit({}, "/h/job.sh");
  EXPECT_EQ(job.taken, Tristate::kUnknown);
  EXPECT_THAT(job.why, HasSubstr("did not answer"));
  for (const char* nonsense : {"", "echo 'Submitted batch'", "echo -1", "kill -9 $$"}) {
    fake_.Set("sbatch", nonsense);
    EXPECT_EQ(slurm_.Submit({}, "/h/job.sh").taken, Tristate::kUnknown) << nonsense;
  }
}

TEST_F(SlurmTest, WhateverAWrapperPrintsTheNumberIsFound) {
  for (const char* printed :
       {"echo 17; echo 'Your balance is 12 h'", "echo '  17  '", "printf '17\\r\\n'",
        "printf '\\t17'", "echo 'Submitted batch job 17'", "echo 'Submitted batch job 17' >&2",
        "echo 'Submitted batch job 17'; echo 12", "echo 17 >&2",
        "echo 'sbatch: Submitted batch job 17'; echo 'Have a nice day'",
        "printf '\\033[1;32m17\\033[0m\\n'", "echo 'Job ID: 17'",
        "echo 'Your job 17 has been queued'", "echo 'JOBID=17 (queue gpu, 4 nodes)'",
        "echo 17; echo 17", "echo; echo 17; echo", "echo 17; exit 1",
        "echo '=== 2 of 5 jobs ==='; echo 17; echo '12 h left'"}) {
    fake_.Set("sbatch", printed);
    const SubmittedJob job = slurm_.Submit({}, "/h/job.sh");
    EXPECT_EQ(job.taken, Tristate::kYes) << printed;
    EXPECT_EQ(job.id, "17") << printed;
    EXPECT_EQ(job.cluster, "") << printed;
  }
  fake_.Set("sbatch", "echo 'Submitted batch job 17 on cluster blue'");
  EXPECT_EQ(slurm_.Submit({}, "/h/job.sh").cluster, "blue");
  fake_.Set("sbatch", "echo 17; sleep 60");
  EXPECT_EQ(slurm_.Submit({}, "/h/job.sh").id, "17") << "hangs when it has submitted";
}

// What sbatch printed does not say it: the queue knows whose script is whose.
TEST_F(SlurmTest, AJobThatWasNotNamedIsFoundByItsScript) {
  const char* queue = "echo '16|/h/job.sh.old /p'; echo '17|/h/job.sh /p /h'; echo '18|/i/job.sh'";
  for (const char* printed : {"", "echo 'Welcome'", "echo 12; echo 14", "sleep 60",
                              "echo 'Welcome'; exit 1", "kill -9 $$"}) {
    fake_.Set("sbatch", printed);
    fake_.Set("squeue", "exit 1");
    EXPECT_EQ(slurm_.Submit({}, "/h/job.sh").id, "") << printed;
    fake_.Set("squeue", queue);
    const SubmittedJob job = slurm_.Submit({}, "/h/job.sh");
    EXPECT_EQ(job.taken, Tristate::kYes) << printed;
    EXPECT_EQ(job.id, "17") << printed;
  }
  fake_.Set("sbatch", "");
  const ScopedVariable own("SLURM_JOB_ID", "17");
  EXPECT_EQ(slurm_.Submit({}, "/h/job.sh").taken, Tristate::kUnknown)
      << "a job is not its follower";
  fake_.Set("squeue", "echo '17|/h/job.sh /p'; echo '18|/h/job.sh /p'");
  EXPECT_EQ(slurm_.Submit({}, "/h/job.sh").id, "18");
}

TEST_F(SlurmTest, RequeueAndCancelHaveThreeAnswers) {
  std::string why;
  fake_.Set("scontrol", "exit 0");
  EXPECT_EQ(slurm_.Requeue("4", &why), Tristate::kYes);
  EXPECT_THAT(fake_.Calls("scontrol"), ElementsAre(ElementsAre("scontrol", "requeue", "4")));
  fake_.Set("scontrol", "echo 'Requested operation is presently disabled' >&2; exit 1");
  EXPECT_EQ(slurm_.Requeue("4", &why), Tristate::kNo);
  EXPECT_EQ(why, "Requested operation is presently disabled");
  fake_.Set("scontrol", "sleep 60");
  EXPECT_EQ(slurm_.Requeue("4", &why), Tristate::kUnknown);
  fake_.Set("scancel", "exit 0");
  EXPECT_EQ(slurm_.Cancel("4", &why), Tristate::kYes);
  fake_.Set("scancel", "kill -15 $$");
  EXPECT_EQ(slurm_.Cancel("4", &why), Tristate::kUnknown);
}

TEST_F(SlurmTest, AJobOfALockHasEndedOnlyOnItsOwnCluster) {
  fake_.Set("scontrol", "echo 'ClusterName             = blue'");
  fake_.Set("squeue", "echo \"$5|COMPLETED|1|N/A|None\"");
  EXPECT_TRUE(JobHasEnded("101", "blue"));
  EXPECT_FALSE(JobHasEnded("102", "green"));
  EXPECT_FALSE(JobHasEnded("103", ""));
  fake_.Set("squeue", "echo \"$5|RUNNING|1|N/A|None\"");
  EXPECT_TRUE(JobHasEnded("101", "blue")) << "an end is final";
  EXPECT_FALSE(JobHasEnded("104", "blue"));
  const size_t asked = fake_.Calls("squeue").size();
  EXPECT_FALSE(JobHasEnded("104", "blue"));
  EXPECT_THAT(fake_.Calls("squeue"), SizeIs(asked)) << "not asked again so soon";
}

TEST_F(SlurmTest, TheNodesOfAnAllocationAreForItsBatchScriptOnly) {
  EXPECT_EQ(AllocatedNodes(), 1);
  const ScopedVariable job("SLURM_JOB_ID", "4"), nodes("SLURM_JOB_NUM_NODES", "3");
  EXPECT_EQ(AllocatedNodes(), 3);
  {
    const ScopedVariable step("SLURM_STEP_ID", "0");
    EXPECT_EQ(AllocatedNodes(), 1) << "a step has a launcher of its own";
  }
  {
    const ScopedVariable step("SLURM_STEP_ID", "4294967290");
    EXPECT_EQ(AllocatedNodes(), 3) << "the shell of salloc is no such step";
  }
  const ScopedVariable odd("SLURM_JOB_NUM_NODES", "many");
  EXPECT_EQ(AllocatedNodes(), 1);
}

TEST_F(SlurmTest, TheDeadlineComesFromTheEnvironmentOrTheQueue) {
  EXPECT_FALSE(AllocationDeadline());
  const ScopedVariable job("SLURM_JOB_ID", "4");
  fake_.Set("squeue", "echo '4|RUNNING|1|4000000049|None'");
  EXPECT_EQ(AllocationDeadline(), 4000000049);
  fake_.Set("squeue", "echo '4|RUNNING|1|NONE|None'");
  EXPECT_FALSE(AllocationDeadline());
  const ScopedVariable told("SLURM_JOB_END_TIME", "4000000050");
  EXPECT_EQ(AllocationDeadline(), 4000000050);
  const ScopedVariable past("SLURM_JOB_END_TIME", "1700000000");
  EXPECT_FALSE(AllocationDeadline()) << "kept from a job that has ended";
}

// tests/cli/e2e/slurm_test.cc tries a live step.
TEST_F(SlurmTest, VariablesOfAStepThatHasEndedAreNoLauncher) {
  EXPECT_FALSE(DetectLauncher().split_step);
  const ScopedVariable tasks("SLURM_STEP_NUM_TASKS", "2"), rank("PMIX_RANK", "0"),
      world("OMPI_COMM_WORLD_SIZE", "3");
  EXPECT_FALSE(DetectLauncher().inside) << "no server is named";
  EXPECT_FALSE(DetectLauncher().split_step) << "slurmstepd is no ancestor of ours";
  EXPECT_EQ(DetectLauncher().tasks, 1);
  for (const char* gone : {"a@1;tcp4://127.0.0.1:1", "a;tcp6://[::1]:1", "a;tcp4://nonsense", ""}) {
    const ScopedVariable server("PMIX_SERVER_URI41", gone);
    EXPECT_FALSE(DetectLauncher().inside) << gone;
  }
}

TEST_F(SlurmTest, ALauncherWhoseServerListensIsThere) {
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(server, 1), 0);
  getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  const ScopedVariable uri("PMIX_SERVER_URI4",
                           fmt::format("a@1.0;tcp4://127.0.0.1:{}", ntohs(address.sin_port)));
  EXPECT_FALSE(DetectLauncher().inside);
  const ScopedVariable rank("PMIX_RANK", "0"), world("OMPI_COMM_WORLD_SIZE", "3");
  EXPECT_TRUE(DetectLauncher().inside);
  EXPECT_EQ(DetectLauncher().tasks, 3);
  close(server);
  EXPECT_FALSE(DetectLauncher().inside);
}

TEST_F(SlurmTest, AnAllocationOfOtherNodesIsElsewhere) {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  const std::string here = std::string(host).substr(0, std::string(host).find('.'));
  const ScopedVariable nodes("SLURM_JOB_NODELIST", "n01");
  EXPECT_EQ(NodesElsewhere(), "") << "not in a job";
  const ScopedVariable job("SLURM_JOB_ID", "4");
  EXPECT_EQ(NodesElsewhere(), "n01");
  {
    const ScopedVariable step("SLURM_STEP_ID", "0");
    EXPECT_EQ(NodesElsewhere(), "");
  }
  {
    const ScopedVariable interactive("SLURM_STEP_ID", "4294967290"), node("SLURMD_NODENAME", "n01");
    EXPECT_EQ(NodesElsewhere(), "") << "slurmd started us, whatever the host is called";
  }
  for (const std::string& own : {here, here + ".cluster.example"}) {
    const ScopedVariable list("SLURM_JOB_NODELIST", own);
    EXPECT_EQ(NodesElsewhere(), "") << own;
  }
  const ScopedVariable list("SLURM_JOB_NODELIST", "n[01-02],x");
  EXPECT_EQ(NodesElsewhere(), "n[01-02],x") << "nobody says which they are";
  fake_.Set("scontrol", "[ \"$3\" = 'n[01-02],x' ] && printf 'n01\\nn02\\nx\\n'");
  EXPECT_EQ(NodesElsewhere(), "n[01-02],x");
  fake_.Set("scontrol", "printf 'n01\\n" + here + "\\n'");
  EXPECT_EQ(NodesElsewhere(), "");
}

}  // namespace
}  // namespace zerosweep
