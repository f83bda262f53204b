// Sweeps handed to a real Slurm of two nodes: tests/support/virtual_slurm.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/virtual_slurm/virtual_slurm.h"

namespace zerosweep {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

class SlurmTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { slurm_ = new VirtualSlurm; }
  static void TearDownTestSuite() {
    delete slurm_;
    slurm_ = nullptr;
  }
  void SetUp() override {
    if (!slurm_->problem().empty()) GTEST_SKIP() << slurm_->problem();
    line_.SetEnvironment("SLURM_CONF", slurm_->config());
    line_.SetEnvironment("ZEROSWEEP_INTERFACE", "lo");
  }
  void TearDown() override {
    if (!job_.empty()) {
      slurm_->Ask({"scancel", job_});
      EXPECT_TRUE(WaitUntil([&] { return !IsInQueue(); }, 20)) << slurm_->StateOf(job_);
    }
    if (slurm_->problem().empty()) line_.ExpectNoOrphans();
  }

  bool IsInQueue() const {
    const std::string state = slurm_->StateOf(job_);
    return state == "RUNNING" || state == "COMPLETING" || state == "PENDING";
  }
  // Trials of ZeroQ, each with one synthesis of so many iterations.
  void Submit(int iterations, const std::string& seeds, std::vector<std::string> options) {
    line_.Write("sweep.yaml",
                CommandLine::Sweep("grid:\n"
                                   "  method: [{recipe: zeroq, synthesize: {images: 2, batch: 2, "
                                   "iterations: " +
                                   std::to_string(iterations) +
                                   "}}]\n"
                                   "  bits: [w8a8]\n"
                                   "seeds: [" +
                                   seeds + "]\n"));
    options.insert(options.begin(),
                   {"--format", "json", "submit", line_ / "sweep.yaml", "--slots", "1"});
    const Finished submitted = line_.Do(options);
    ASSERT_EQ(submitted.code, 0) << submitted.err;
    job_ = submitted.json().at(0).at("job");
  }
  std::string Output() const {
    for (const auto& entry : std::filesystem::directory_iterator(line_.home() / "jobs"))
      return Contents(entry.path() / "output.txt");
    return "";
  }
  std::string StageLogs() const {
    std::string text;
    std::error_code code;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(line_.home() / "logs", code))
      if (entry.is_regular_file()) text += Contents(entry.path());
    return text;
  }
  bool WaitForOutput(const std::string& text, double patience) const {
    return WaitUntil([&] { return Output().find(text) != std::string::npos; }, patience);
  }
  int Count(const std::string& condition) const {
    SystemClock().Sleep(0.1);  // each look is a program of its own
    const Finished finished = line_.Do(
        {"--format", "json", "query", "SELECT count(*) AS n FROM v_attempt WHERE " + condition});
    return finished.code == 0 ? finished.json().at(0).at("n").get<int>() : 0;
  }
  bool WaitForSynthesis() const {
    return WaitUntil([&] { return Count("outcome IS NULL AND kind = 'synthesize'") > 0; }, 40);
  }
  void ExpectDone(int trials, double patience = 60) const {
    EXPECT_TRUE(slurm_->WaitForState(job_, "COMPLETED", patience)) << slurm_->StateOf(job_) << "\n"
                                                                   << Output();
    EXPECT_EQ(line_.Value("SELECT count(*) FROM v_trial WHERE state = 'done'"), trials);
    EXPECT_EQ(Count("outcome IS NULL"), 0);
  }

  static std::string Host() {
    char host[256] = {};
    gethostname(host, sizeof host - 1);
    return host;
  }
  void WriteNoise(int seed) const {
    line_.Write("sweep.yaml",
                CommandLine::Sweep(fmt::format("grid:\n  method: [noise]\n  bits: [w8a8, w4a4]\n"
                                               "seeds: [{0}0, {0}1, {0}2]\n",
                                               seed + 1)));
  }
  Finished Start(std::vector<std::string> before, const std::vector<std::string>& after) const {
    before.insert(before.end(), {BuildFolder() + "/bin/zerosweep", "--home", line_.home(), "run",
                                 line_ / "sweep.yaml", "--slots", "2"});
    before.insert(before.end(), after.begin(), after.end());
    return line_.StartProgram(before)->Wait(60);
  }
  // The nodes on which the stages of a run ran.
  std::vector<std::string> NodesOf(const std::vector<std::string>& before,
                                   const std::vector<std::string>& after, int seed) {
    WriteNoise(seed);
    line_.UseHome("home" + std::to_string(seed));
    const Finished finished = Start(before, after);
    EXPECT_EQ(finished.code, 0) << finished.err;
    std::vector<std::string> nodes;
    for (const Json& row : line_.Query("SELECT DISTINCT substr(worker, 1, instr(worker, '/') - 1) "
                                       "AS node FROM v_attempt ORDER BY node"))
      nodes.push_back(row.at("node"));
    return nodes;
  }

  static VirtualSlurm* slurm_;
  CommandLine line_;
  std::string job_;
};
VirtualSlurm* SlurmTest::slurm_ = nullptr;

TEST_F(SlurmTest, ASweepRunsOnTwoNodesToItsEnd) {
  Submit(5, "0, 1, 2",
         {"--nodes", "2", "--gpus-per-node", "1", "--device", "cpu", "--time", "10", "--setup",
          "SAID='set up'", "--container", "env IN=container"});
  ExpectDone(3);
  EXPECT_THAT(Output(), HasSubstr("on 2 nodes"));
  EXPECT_EQ(line_.Value("SELECT count(DISTINCT worker) FROM v_attempt"), 2) << Output();
  EXPECT_EQ(line_.Do({"--format", "json", "status", "--jobs"}).json().at(0).at("state"), "exit 0");
}

// A minute: Slurm warns within its first half. Waiting, the job is given a second node.
TEST_F(SlurmTest, BeforeItsTimeIsOverAJobSavesRequeuesItselfAndGoesOn) {
  Submit(1'000'000, "0", {"--time", "1", "--notice", "30"});
  ASSERT_TRUE(WaitForOutput("back in the queue", 70)) << Output();
  ASSERT_TRUE(slurm_->WaitForState(job_, "PENDING", 20)) << Output();
  EXPECT_EQ(line_.Do({"--format", "json", "status", "--jobs"}).json().at(0).at("restarts"), 1);
  slurm_->Ask({"scontrol", "update", "jobid=" + job_, "NumNodes=2-2"});
  slurm_->StartNow(job_);
  EXPECT_TRUE(WaitForOutput("on 2 nodes", 20)) << Output();
  EXPECT_TRUE(WaitUntil(
      [&] { return StageLogs().find("resumed from iteration") != std::string::npos; }, 40))
      << Output() << StageLogs();
}

TEST_F(SlurmTest, AWarnedRunOverTwoNodesResumesFromItsCheckpoint) {
  Submit(150, "0, 1", {"--nodes", "2", "--time", "10"});
  ASSERT_TRUE(WaitForSynthesis()) << Output();
  SystemClock().Sleep(1);
  slurm_->Ask({"scancel", "--batch", "--signal=USR1", job_});
  ASSERT_TRUE(WaitForOutput("back in the queue", 40)) << Output();
  EXPECT_TRUE(std::filesystem::exists(line_.home() / "checkpoints")) << Output();
  ASSERT_TRUE(slurm_->WaitForState(job_, "PENDING", 20)) << Output();
  slurm_->StartNow(job_);
  ExpectDone(2);
}

TEST_F(SlurmTest, WhereRequeueIsOffAFollowerGoesOn) {
  Submit(150, "0, 1", {"--time", "10", "--", "--no-requeue"});
  ASSERT_TRUE(WaitForSynthesis()) << Output();
  slurm_->Ask({"scancel", "--batch", "--signal=USR1", job_});
  ASSERT_TRUE(WaitForOutput("goes on when this one has ended", 40)) << Output();
  const std::string first = job_;
  job_ = line_.Do({"--format", "json", "status", "--jobs"}).json().at(0).at("job");
  EXPECT_NE(job_, first);
  ExpectDone(2);
}

// Open MPI 4.1 neither notices that nor ends its mpirun: after a minute of silence we do.
TEST_F(SlurmTest, ARankThatDiesLosesItsAttemptsOnly) {
  Submit(150, "0, 1", {"--nodes", "2", "--time", "10"});
  ASSERT_TRUE(WaitForSynthesis()) << Output();
  const std::map<int, pid_t> ranks = RanksOf(line_.home());
  ASSERT_EQ(ranks.size(), 2U);
  kill(ranks.at(1), SIGKILL);
  ExpectDone(2, /*patience=*/120);
  EXPECT_THAT(Output(), HasSubstr("rank 1 is lost"));
}

TEST_F(SlurmTest, WhenANodeGoesDownTheSweepEndsElsewhere) {
  Submit(150, "0, 1", {"--nodes", "1", "--time", "10"});
  ASSERT_TRUE(WaitForSynthesis()) << Output();
  const std::string node = slurm_->Ask({"squeue", "-h", "-j", job_, "-o", "%N"}).substr(0, 2);
  slurm_->Ask({"scontrol", "update", "nodename=" + node, "state=down", "reason=test"});
  EXPECT_TRUE(slurm_->WaitForState(job_, "PENDING", 20)) << Output();
  slurm_->StartNow(job_);
  ExpectDone(2);
  slurm_->Ask({"scontrol", "update", "nodename=" + node, "state=resume"});
}

TEST_F(SlurmTest, ACancelledJobSavesAndEndsForGood) {
  Submit(1'000'000, "0", {"--nodes", "2", "--time", "10"});
  ASSERT_TRUE(WaitForSynthesis()) << Output();
  SystemClock().Sleep(1);
  EXPECT_EQ(line_.Do({"cancel", "--job", job_}).code, 0);
  EXPECT_TRUE(WaitUntil([&] { return !IsInQueue(); }, 30)) << slurm_->StateOf(job_);
  EXPECT_THAT(Output(), HasSubstr("saved at iteration"));
  EXPECT_EQ(line_.Do({"--format", "json", "status", "--jobs"}).json().at(0).at("state"),
            "cancelled");
  EXPECT_EQ(line_.Do({"cancel", "--job", job_}).code, 3);
}

TEST_F(SlurmTest, AJobThatScancelEndsIsNotRequeued) {
  Submit(1'000'000, "0", {"--nodes", "2", "--time", "10"});
  ASSERT_TRUE(WaitForSynthesis()) << Output();
  slurm_->Ask({"scancel", job_});
  EXPECT_TRUE(slurm_->WaitForState(job_, "CANCELLED", 30)) << slurm_->StateOf(job_);
  EXPECT_EQ(Output().find("back in the queue"), std::string::npos);
  EXPECT_EQ(line_.Do({"--format", "json", "status", "--jobs"}).json().at(0).at("state"),
            "CANCELLED");
}

TEST_F(SlurmTest, RanksOfThisHostStayThereInsideAnAllocation) {
  EXPECT_THAT(NodesOf({"/usr/bin/salloc", "-N2"}, {"--ranks", "2"}, 0), ElementsAre(Host()));
  EXPECT_THAT(NodesOf({"/usr/bin/salloc", "-N1"}, {"--ranks", "2"}, 1), ElementsAre(Host()));
  EXPECT_THAT(NodesOf({"/usr/bin/salloc", "-N2"}, {}, 2), ElementsAre("n1", "n2"));
}

TEST_F(SlurmTest, RanksOfThisHostStayThereInsideAStep) {
  int seed = 0;
  for (const char* mpi : {"--mpi=none", "--mpi=pmi2", "--mpi=pmix"}) {
    EXPECT_THAT(NodesOf({"/usr/bin/srun", "-N1", "-n1", "-w", "n2", mpi}, {"--ranks", "2"}, seed++),
                ElementsAre("n2"))
        << mpi;
    EXPECT_THAT(NodesOf({"/usr/bin/srun", "-N1", "-n1", "-w", "n1", mpi}, {}, seed++),
                ElementsAre("n1"))
        << mpi;
  }
}

TEST_F(SlurmTest, RanksInsideALaunchOfSeveralAreRefused) {
  WriteNoise(0);
  const Finished refused = Start({"/usr/bin/srun", "-n2", "--mpi=pmix"}, {"--ranks", "2"});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("has started 2 already"));
}

// The shell is on this host, the node is another.
TEST_F(SlurmTest, AnAllocationOfOneNodeIsUsed) {
  EXPECT_THAT(NodesOf({"/usr/bin/salloc", "-N1", "-w", "n2"}, {}, 0), ElementsAre("n2"));
  // A shell that has outlived its allocation.
  WriteNoise(1);
  const Finished refused = Start(
      {"/usr/bin/salloc", "-N1", "sh", "-c", "scancel $SLURM_JOB_ID; sleep 2; exec \"$@\"", "sh"},
      {});
  EXPECT_THAT(refused.err, HasSubstr("has ended: `--ranks 1`"));
}

// What the queue says of a job's command: how a job is found whose number was not printed.
TEST_F(SlurmTest, AWrapperThatSwallowsTheNumberHidesNoJob) {
  const std::filesystem::path bin = line_ / "bin";
  std::filesystem::create_directory(bin);
  WriteBytes(bin / "sbatch", "#!/bin/sh\n/usr/bin/sbatch \"$@\" > /dev/null\necho 'Good luck'\n");
  chmod((bin / "sbatch").c_str(), 0700);
  line_.SetEnvironment("PATH", bin.string() + ":/usr/bin:/bin");
  Submit(5, "0", {"--time", "10"});
  ExpectDone(1);
}

TEST_F(SlurmTest, AStepOfSeveralTasksWithoutPmixIsRefused) {
  WriteNoise(0);
  const Finished refused =
      line_
          .StartProgram({"/usr/bin/srun", "--mpi=none", "-n", "2", BuildFolder() + "/bin/zerosweep",
                         "--home", line_.home(), "run", line_ / "sweep.yaml"})
          ->Wait(40);
  EXPECT_EQ(refused.code, 4) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("srun --mpi=pmix"));
}

}  // namespace
}  // namespace zerosweep
