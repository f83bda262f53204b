// Slurm's answers, sensible and otherwise, from programs that a test makes.
#include "cluster/slurm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "cluster/mpi_loader.h"
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
    EXPECT_EQ(IsAliveState(state), Answer::kYes) << state;
  for (const char* state : {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED",
                            "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"})
    EXPECT_EQ(IsAliveState(state), Answer::kNo) << state;
  for (const char* state : {"", "running", "R", "NEW_IN_2030", "COMPLETED?"})
    EXPECT_EQ(IsAliveState(state), Answer::kUnknown) << state;
}

TEST_F(SlurmTest, ReadsWhatTheQueueSays) {
  const SlurmJob job = Ask("echo '4|RUNNING|2|1795351049|None'");
  EXPECT_EQ(job.alive, Answer::kYes);
  EXPECT_EQ(job.state, "RUNNING");
  EXPECT_EQ(job.reason, "");
  EXPECT_EQ(job.nodes, 2);
  EXPECT_EQ(job.end, 1795351049);
  EXPECT_EQ(Ask("echo '4|PENDING|1|N/A|(Req|Node|Not|Avail)'").reason, "(Req|Node|Not|Avail)");
  EXPECT_EQ(Ask("echo '4|TIMEOUT|1|N/A|None'").alive, Answer::kNo);
  EXPECT_EQ(Ask("echo '4|NEW_IN_2030|1|N/A|None'").alive, Answer::kUnknown);
}

TEST_F(SlurmTest, AnArrayIsAliveWhileOneOfItIs) {
  const SlurmJob job =
      Ask("echo '4_1|COMPLETED|1|N/A|None'; echo '4_[2-3]%1|PENDING|1|N/A|JobArrayTaskLimit'");
  EXPECT_EQ(job.alive, Answer::kYes);
  EXPECT_EQ(job.state, "PENDING");
  EXPECT_EQ(Ask("echo '4_1|COMPLETED|1|N/A|None'; echo '4_2|FAILED|1|N/A|None'").alive,
            Answer::kNo);
  EXPECT_EQ(Ask("echo '4+0|COMPLETED|1|N/A|None'; echo '4+1|WHAT|1|N/A|None'").alive,
            Answer::kUnknown);
}

TEST_F(SlurmTest, WhatCannotBeUnderstoodIsUnknown) {
  for (const char* nonsense :
       {"echo 'Maintenance at noon'", "echo '4|RUN'", "echo '5|COMPLETED|1|N/A|None'",
        "head -c 100000 /dev/urandom", "echo '44|COMPLETED|1|N/A|None'", "kill -9 $$",
        "echo 'slurm_load_jobs error: Socket timed out on send/recv operation' >&2; exit 1",
        "echo '4|COMPLETED|1|N/A|None'; exit 1", "exit 1"})
    EXPECT_EQ(Ask(nonsense).alive, Answer::kUnknown) << nonsense;
  EXPECT_THAT(fake_.Calls("scontrol"), IsEmpty());
}

TEST_F(SlurmTest, WhoHangsIsUnknown) {
  const double start = SystemClock().Monotonic();
  EXPECT_EQ(Ask("sleep 60").alive, Answer::kUnknown);
  EXPECT_LT(SystemClock().Monotonic() - start, 10);
}

TEST_F(SlurmTest, AProgramThatIsNotThereIsUnknown) {
  const ScopedVariable path("PATH", "/nonexistent");
  EXPECT_EQ(slurm_.Ask("4").alive, Answer::kUnknown);
  EXPECT_FALSE(Slurm::IsThere());
}

TEST_F(SlurmTest, AForgottenJobHasEndedWhenTheControllerSaysSoAgain) {
  const SlurmJob job = AskForgotten("echo 'Slurm accounting storage is disabled' >&2; exit 1");
  EXPECT_EQ(job.alive, Answer::kNo);
  EXPECT_EQ(job.state, "GONE");
  EXPECT_THAT(fake_.Calls("scontrol"),
              ElementsAre(ElementsAre("scontrol", "show", "job", "-o", "4")));
  fake_.Set("scontrol", kInvalid);
  EXPECT_EQ(Ask("").alive, Answer::kNo) << "an empty answer is asked about again";
}

TEST_F(SlurmTest, AccountingTellsHowAForgottenJobEnded) {
  EXPECT_EQ(AskForgotten("echo '4|CANCELLED by 1000'").state, "CANCELLED");
  EXPECT_EQ(AskForgotten("echo '4|RUNNING'").alive, Answer::kUnknown);
  EXPECT_EQ(AskForgotten("echo '5|RUNNING'; echo nonsense").alive, Answer::kNo);
}

TEST_F(SlurmTest, AForgottenJobIsAliveWhileTheControllerKnowsItOrIsSilent) {
  fake_.Set("scontrol", "echo 'JobId=4 JobName=x JobState=RUNNING Reason=None'");
  EXPECT_EQ(Ask(kInvalid).alive, Answer::kYes);
  fake_.Set("scontrol", "echo 'JobId=4 JobName=x'");
  EXPECT_EQ(Ask(kInvalid).alive, Answer::kUnknown);
  fake_.Set("scontrol", "echo 'Unable to contact slurm controller' >&2; exit 1");
  EXPECT_EQ(Ask(kInvalid).alive, Answer::kUnknown);
  fake_.Set("scontrol", "sleep 60");
  EXPECT_EQ(Ask(kInvalid).alive, Answer::kUnknown);
}

TEST_F(SlurmTest, WhatIsNoNumberIsNeverAsked) {
  for (const char* job : {"", "4;rm", "--help", "4 5", "4_1", "99999999999999999999"})
    EXPECT_EQ(slurm_.Ask(job).alive, Answer::kUnknown) << job;
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
  const SubmittedJob job = slurm_.Submit({"--nodes=2", "a b"});
  EXPECT_EQ(job.taken, Answer::kYes);
  EXPECT_EQ(job.id, "17");
  EXPECT_EQ(job.cluster, "blue");
  EXPECT_THAT(fake_.Calls("sbatch"),
              ElementsAre(ElementsAre("sbatch", "--parsable", "--nodes=2", "a b")));
}

TEST_F(SlurmTest, AJobInheritsTheEnvironmentButNotTheFactsOfAnother) {
  fake_.Set("sbatch", "env > \"$FAKE/environment\"; echo 17");
  const ScopedVariable locale("LC_ALL", "C.UTF-8"), mpi("SLURM_MPI_TYPE", "pmix"),
      configuration("SLURM_CONF", "/etc/slurm.conf");
  slurm_.Submit({});
  std::string environment = Contents(fake_ / "environment");
  EXPECT_THAT(environment, HasSubstr("LC_ALL=C.UTF-8\n"));
  EXPECT_THAT(environment, HasSubstr("SLURM_MPI_TYPE=pmix\n"));
  EXPECT_THAT(environment, testing::Not(HasSubstr("SLURM_TIME_FORMAT")));
  const ScopedVariable job("SLURM_JOB_ID", "4"), memory("SLURM_MEM_PER_NODE", "1");
  slurm_.Submit({});
  environment = Contents(fake_ / "environment");
  EXPECT_THAT(environment, HasSubstr("SLURM_CONF=/etc/slurm.conf\n"));
  EXPECT_THAT(environment, testing::Not(HasSubstr("SLURM_MEM_PER_NODE")));
  EXPECT_THAT(environment, testing::Not(HasSubstr("SLURM_JOB_ID")));
}

TEST_F(SlurmTest, ARefusedJobIsToldFromOneThatNobodyKnowsOf) {
  fake_.Set("sbatch", "echo 'sbatch: error: invalid partition specified: x' >&2; exit 1");
  SubmittedJob job = slurm_.Submit({});
  EXPECT_EQ(job.taken, Answer::kNo);
  EXPECT_EQ(job.why, "sbatch: error: invalid partition specified: x");
  fake_.Set("sbatch", "sleep 60");
  job = slurm_.Submit({});
  EXPECT_EQ(job.taken, Answer::kUnknown);
  EXPECT_THAT(job.why, HasSubstr("did not answer"));
  for (const char* nonsense : {"", "echo 'Submitted batch job 17'", "echo -1", "kill -9 $$"}) {
    fake_.Set("sbatch", nonsense);
    EXPECT_EQ(slurm_.Submit({}).taken, Answer::kUnknown) << nonsense;
  }
}

TEST_F(SlurmTest, RequeueAndCancelHaveThreeAnswers) {
  std::string why;
  fake_.Set("scontrol", "exit 0");
  EXPECT_EQ(slurm_.Requeue("4", &why), Answer::kYes);
  EXPECT_THAT(fake_.Calls("scontrol"), ElementsAre(ElementsAre("scontrol", "requeue", "4")));
  fake_.Set("scontrol", "echo 'Requested operation is presently disabled' >&2; exit 1");
  EXPECT_EQ(slurm_.Requeue("4", &why), Answer::kNo);
  EXPECT_EQ(why, "Requested operation is presently disabled");
  fake_.Set("scontrol", "sleep 60");
  EXPECT_EQ(slurm_.Requeue("4", &why), Answer::kUnknown);
  fake_.Set("scancel", "exit 0");
  EXPECT_EQ(slurm_.Cancel("4", &why), Answer::kYes);
  fake_.Set("scancel", "kill -15 $$");
  EXPECT_EQ(slurm_.Cancel("4", &why), Answer::kUnknown);
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
  fake_.Set("squeue", "echo '4|RUNNING|1|1795351049|None'");
  EXPECT_EQ(AllocationDeadline(), 1795351049);
  fake_.Set("squeue", "echo '4|RUNNING|1|NONE|None'");
  EXPECT_FALSE(AllocationDeadline());
  const ScopedVariable told("SLURM_JOB_END_TIME", "1795351050");
  EXPECT_EQ(AllocationDeadline(), 1795351050);
}

TEST_F(SlurmTest, TasksOfAStepWithoutPmixAreSplit) {
  EXPECT_FALSE(DetectLauncher().split_step);
  const ScopedVariable job_tasks("SLURM_NTASKS", "4");
  EXPECT_FALSE(DetectLauncher().split_step) << "the job's tasks say nothing of this step";
  const ScopedVariable tasks("SLURM_STEP_NUM_TASKS", "2");
  EXPECT_TRUE(DetectLauncher().split_step);
  const ScopedVariable rank("PMIX_RANK", "0");
  EXPECT_FALSE(DetectLauncher().split_step);
}

}  // namespace
}  // namespace zerosweep
