// What runs inside a Slurm job, with a shell script as the run and programs of Slurm that a test
// makes.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"
#include "tests/support/fake_slurm.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Runs until it is asked to stop, and says when it listens.
constexpr const char* kPatient =
    "trap 'echo stopped; exit 75' USR1; echo listening; while :; do sleep 0.05; done";

class BatchTest : public testing::Test {
 protected:
  BatchTest() {
    line_.SetEnvironment("PATH", fake_.path());
    line_.SetEnvironment("SLURM_JOB_ID", "17");
    line_.SetEnvironment("SLURM_CLUSTER_NAME", "blue");
    line_.SetEnvironment("SLURM_JOB_END_TIME", std::to_string(Now() + 3600));
    fake_.Set("scontrol", "exit 0");
  }

  static int64_t Now() { return static_cast<int64_t>(SystemClock().Unix()); }
  void WriteJob(const std::string& script, const Json& changes = Json::object()) const {
    Json job = {{"format", 1},
                {"sweep", "tiny"},
                {"folder", fake_.bin()},
                {"program", "/bin/sh"},
                {"arguments", {"-c", script}},
                {"container", Json::array()},
                {"sbatch", {"--nodes=1", "/x/job.sh", "/bin/zerosweep", "/x"}},
                {"max_restarts", 2}};
    job.update(changes);
    fs::create_directories(line_ / "job");
    line_.Write("job/job.json", job.dump());
  }
  std::unique_ptr<Running> Start() const {
    return line_.StartProgram({BuildFolder() + "/bin/zerosweep", "batch", line_ / "job"});
  }
  Finished Finish() const { return Start()->Wait(); }
  // Starts a patient run and signals the job.
  Finished Signalled(const std::vector<int>& signals, const std::string& script = kPatient) const {
    WriteJob(script);
    const auto batch = Start();
    EXPECT_TRUE(
        WaitUntil([&] { return batch->Printed().find("listening") != std::string::npos; }, 20));
    for (const int number : signals) {
      batch->Signal(number);
      SystemClock().Sleep(0.3);
    }
    return batch->Wait(30);
  }
  Json State() const { return Json::parse(Contents(line_ / "job" / "state.json")); }
  std::vector<std::vector<std::string>> Requeues() const { return fake_.Calls("scontrol"); }

  FakeSlurm fake_;
  CommandLine line_;
};

TEST_F(BatchTest, ARunThatEndsEndsTheJob) {
  for (const int code : {0, 1, 2, 4, 70}) {
    WriteJob("exit " + std::to_string(code));
    EXPECT_EQ(Finish().code, code);
    EXPECT_EQ(State().at("ended"), "exit " + std::to_string(code));
  }
  EXPECT_EQ(State().at("job"), "17");
  EXPECT_THAT(Requeues(), IsEmpty());
}

TEST_F(BatchTest, RunsInTheFolderOfTheSubmitterAndTheContainer) {
  WriteJob("pwd",
           {{"container", {"env", "WORD=a b"}}, {"arguments", {"-c", "pwd; echo \"$WORD\""}}});
  EXPECT_EQ(Finish().out, fake_.bin() + "\na b\n");
}

TEST_F(BatchTest, OverSeveralNodesTheRanksEnterTheContainer) {
  line_.SetEnvironment("SLURM_JOB_NUM_NODES", "2");
  WriteJob("", {{"container", {"env", "WORD=a b"}}, {"arguments", {"-c", "echo \"$0|$*|$WORD\""}}});
  EXPECT_EQ(Finish().out, "--rank-prefix=env|--rank-prefix=WORD=a b|\n");
}

TEST_F(BatchTest, AWarningStopsTheRunAndRequeues) {
  const Finished finished = Signalled({SIGUSR1});
  EXPECT_EQ(finished.code, 75) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("stopped"));
  EXPECT_THAT(Requeues(), ElementsAre(ElementsAre("scontrol", "requeue", "17")));
  EXPECT_EQ(State().at("restarts"), 1);
  EXPECT_EQ(State().at("ended"), "");
}

TEST_F(BatchTest, AWarnedRunThatHasJustFinishedIsNotRequeued) {
  const Finished finished =
      Signalled({SIGUSR1}, "trap 'exit 0' USR1; echo listening; while :; do sleep 0.05; done");
  EXPECT_EQ(finished.code, 0);
  EXPECT_THAT(Requeues(), IsEmpty());
}

TEST_F(BatchTest, ACancelledJobIsNotRequeued) {
  EXPECT_EQ(Signalled({SIGTERM}).code, 75);
  EXPECT_EQ(Signalled({SIGUSR1, SIGTERM}, "trap '' USR1; echo listening; sleep 2; exit 75").code,
            75)
      << "cancelled while it saves";
  EXPECT_THAT(Requeues(), IsEmpty());
}

TEST_F(BatchTest, AJobThatZerosweepCancelledIsNotRequeuedEvenWhenWarned) {
  fs::create_directories(line_ / "job");
  line_.Write("job/state.json", R"({"job": "17", "cluster": "blue", "cancelled": true})");
  EXPECT_EQ(Signalled({SIGUSR1}).code, 75);
  EXPECT_THAT(Requeues(), IsEmpty());
  EXPECT_EQ(State().at("ended"), "cancelled");
}

TEST_F(BatchTest, TermAtTheEndOfTheWarnedTimeIsTheTimeLimit) {
  line_.SetEnvironment("SLURM_JOB_END_TIME", std::to_string(Now() + 20));
  EXPECT_EQ(Signalled({SIGUSR1, SIGTERM}, "trap '' USR1; echo listening; sleep 2; exit 75").code,
            75);
  EXPECT_THAT(Requeues(), SizeIs(1));
}

TEST_F(BatchTest, WhereRequeueIsOffAFollowerIsSubmitted) {
  fake_.Set("scontrol", "echo 'Requested operation is presently disabled' >&2; exit 1");
  fake_.Set("sbatch", "echo 18");
  EXPECT_EQ(Signalled({SIGUSR1}).code, 75);
  EXPECT_THAT(fake_.Calls("sbatch"),
              ElementsAre(ElementsAre("sbatch", "--parsable", "--dependency=afterany:17",
                                      "--nodes=1", "/x/job.sh", "/bin/zerosweep", "/x")));
  EXPECT_EQ(State().at("job"), "18");
  EXPECT_THAT(State().at("earlier"), ElementsAre("17"));
}

TEST_F(BatchTest, WhoDoesNotKnowWhetherItIsRequeuedSubmitsNothing) {
  fake_.Set("scontrol", "kill -9 $$");
  WriteJob(kPatient);
  const auto batch = Start();
  ASSERT_TRUE(
      WaitUntil([&] { return batch->Printed().find("listening") != std::string::npos; }, 20));
  batch->Signal(SIGUSR1);
  ASSERT_TRUE(WaitUntil([&] { return !Requeues().empty(); }, 20));
  batch->Signal(SIGTERM);  // its deed, though its word is lost
  EXPECT_EQ(batch->Wait(30).code, 75);
  EXPECT_THAT(fake_.Calls("sbatch"), IsEmpty());
}

TEST_F(BatchTest, ItDoesNotRestartForEver) {
  WriteJob("exit 0");
  fs::create_directories(line_ / "job");
  line_.Write("job/state.json", R"({"job": "17", "cluster": "blue", "restarts": 2})");
  const Finished finished = Signalled({SIGUSR1});
  EXPECT_EQ(finished.code, 75);
  EXPECT_THAT(finished.err, HasSubstr("restarted 2 times already"));
  EXPECT_THAT(Requeues(), IsEmpty());
}

TEST_F(BatchTest, LostRanksOfSeveralNodesAreTriedTwice) {
  line_.SetEnvironment("SLURM_JOB_NUM_NODES", "2");
  fake_.Set("squeue", "echo '17|RUNNING|2|N/A|None'");
  WriteJob("exit 4");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Finish().code, 4);
  EXPECT_THAT(Requeues(), SizeIs(2));
  EXPECT_EQ(State().at("losses"), 2);
  EXPECT_EQ(State().at("ended"), "exit 4");
}

TEST_F(BatchTest, RanksOfAJobThatIsEndingAreNotLost) {
  line_.SetEnvironment("SLURM_JOB_NUM_NODES", "2");
  WriteJob("exit 4");
  for (const char* queue :
       {"echo '17|COMPLETING|2|N/A|None'", "echo '17|CANCELLED|2|N/A|None'", "exit 1"}) {
    fake_.Set("squeue", queue);
    EXPECT_EQ(Finish().code, 4);
    EXPECT_THAT(Requeues(), IsEmpty()) << queue;
  }
}

TEST_F(BatchTest, OutsideAJobItIsRefused) {
  WriteJob("exit 0");
  line_.SetEnvironment("SLURM_JOB_ID", "");
  const Finished finished = Finish();
  EXPECT_EQ(finished.code, 4);
  EXPECT_THAT(finished.err, HasSubstr("zerosweep submit"));
  line_.SetEnvironment("SLURM_JOB_ID", "17");
  EXPECT_EQ(line_.Do({"batch", line_ / "nothing"}).code, 4) << "no such job";
}

}  // namespace
}  // namespace zerosweep
