// submit, status --jobs and cancel --job with programs of Slurm that a test makes.
#include <gmock/gmock.h>
#include <sys/stat.h>

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

constexpr const char* kConfig = "echo 'ClusterName             = blue'";
constexpr const char* kOneTrial =
    "grid:\n  synthesizer: [{noise: {images: 4}}]\n  quantizer: [minmax]\n  bits: [w8a8]\n";

class SubmitTest : public testing::Test {
 protected:
  SubmitTest() {
    line_.SetEnvironment("PATH", fake_.path());
    line_.Write("sweep.yaml", CommandLine::Sweep(kOneTrial));
    fake_.Set("sbatch", "echo 17");
    fake_.Set("scontrol", kConfig);
    Queue("PENDING", "Resources");
  }

  void Queue(const std::string& state, const std::string& reason = "None") const {
    fake_.Set("squeue", "echo '17|" + state + "|2|N/A|" + reason + "'");
  }
  Finished Submit(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"submit", line_ / "sweep.yaml"});
    return line_.Do(more);
  }
  Json Jobs() const { return line_.Do({"--format", "json", "status", "--jobs"}).json(); }
  // The only remembered job.
  fs::path JobFolder() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(line_.home() / "jobs"))
      found.push_back(entry.path());
    EXPECT_THAT(found, SizeIs(1));
    return found.empty() ? fs::path() : found[0];
  }

  FakeSlurm fake_;
  CommandLine line_;
};

TEST_F(SubmitTest, PrintShowsEverythingAndDoesNothing) {
  const Finished shown =
      Submit({"--nodes", "2", "--gpus-per-node", "4", "--time", "4:00:00", "--partition", "gpu",
              "--account", "me", "--module", "cuda 12", "--setup", "source env.sh", "--container",
              "apptainer exec image.sif", "--print", "--", "--qos=high"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out,
              AllOf(HasSubstr("sbatch --parsable --job-name=zerosweep-tiny --nodes=2 "
                              "--ntasks-per-node=1 --signal=B:USR1@120 --requeue "
                              "--open-mode=append"),
                    HasSubstr("--gpus-per-node=4 --time=4:00:00 --partition=gpu --account=me "
                              "--qos=high "),
                    HasSubstr("#!/bin/bash\n"), HasSubstr("\"apptainer\",\n"),
                    HasSubstr("module load 'cuda 12'\nsource env.sh\n")));
  EXPECT_THAT(shown.out, Not(HasSubstr("#SBATCH")));
  EXPECT_FALSE(fs::exists(line_.home() / "jobs"));
  EXPECT_THAT(fake_.Calls("sbatch"), IsEmpty());
}

// What `run` takes is known in one place, and what was given reaches the job.
TEST_F(SubmitTest, PassesOnWhatWasGivenAndNothingElse) {
  const Finished shown =
      Submit({"--slots", "2", "--threads", "3", "--set", "name=other", "--data",
              (line_ / "data").string(), "--interface", "", "--max-attempts", "5", "--print"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  for (const char* word : {"\"--slots=2\"", "\"--threads=3\"", "\"--set=name=other\"",
                           "\"--max-attempts=5\"", "\"--data=/"})
    EXPECT_THAT(shown.out, HasSubstr(word));
  EXPECT_THAT(shown.out, AllOf(Not(HasSubstr("--interface")), Not(HasSubstr("--device"))));
  EXPECT_EQ(Submit({"--data", "", "--print"}).code, 0);
}

TEST_F(SubmitTest, TheJobIsSubmittedRememberedAndListed) {
  const Finished submitted = Submit({"--nodes", "2", "--format", "json"});
  EXPECT_EQ(submitted.code, 0) << submitted.err;
  EXPECT_EQ(submitted.json().at(0).at("job"), "17");
  EXPECT_THAT(submitted.err, HasSubstr("exec \"$1\" batch \"$2\"")) << "it is shown";
  const std::vector<std::string> words = fake_.Calls("sbatch").at(0);
  EXPECT_THAT(words, AllOf(Contains("--parsable"), Contains("--nodes=2")));
  EXPECT_EQ(words.back(), JobFolder());
  for (const char* name : {"job.json", "job.sh"}) {
    struct stat facts {};
    ASSERT_EQ(stat((JobFolder() / name).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600U) << name;
  }
  const Json job = Jobs().at(0);
  EXPECT_EQ(job.at("job"), "17");
  EXPECT_EQ(job.at("sweep"), "tiny");
  EXPECT_EQ(job.at("state"), "PENDING");
  EXPECT_EQ(job.at("reason"), "Resources");
  EXPECT_EQ(job.at("nodes"), 2);
  const Finished status = line_.Do({"status"});
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_THAT(status.out, HasSubstr("PENDING")) << "before there are any results";
}

TEST_F(SubmitTest, AWrongSweepOrOptionIsRefusedBeforeSlurmIsAsked) {
  line_.Write("sweep.yaml", CommandLine::Sweep("grid:\n  metod: [noise]\n"));
  EXPECT_EQ(Submit().code, 2);
  line_.Write("sweep.yaml", CommandLine::Sweep(kOneTrial));
  EXPECT_EQ(Submit({"--nodes", "0"}).code, 2);
  EXPECT_EQ(Submit({"--partitoin", "x"}).code, 2);
  EXPECT_EQ(Submit({"other.yaml"}).code, 2);
  EXPECT_EQ(Submit({"--", "--array=1-3"}).code, 2);
  EXPECT_THAT(fake_.Calls("sbatch"), IsEmpty());
  EXPECT_FALSE(fs::exists(line_.home() / "jobs"));
}

TEST_F(SubmitTest, WhatSlurmRefusesIsNotRemembered) {
  fake_.Set("sbatch", "echo 'sbatch: error: invalid partition specified: x' >&2; exit 1");
  const Finished refused = Submit();
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.err, HasSubstr("invalid partition specified: x"));
  EXPECT_THAT(Jobs(), IsEmpty());
}

TEST_F(SubmitTest, AJobThatNobodyKnowsOfIsRememberedAndInTheWay) {
  fake_.Set("sbatch", "echo 'try again later'");
  const Finished unknown = Submit();
  EXPECT_EQ(unknown.code, 4);
  EXPECT_THAT(unknown.err, HasSubstr("squeue --me"));
  EXPECT_EQ(Jobs().at(0).at("state"), "unknown");
  EXPECT_TRUE(Jobs().at(0).at("job").is_null());
  EXPECT_EQ(Submit().code, 2);
}

TEST_F(SubmitTest, AJobOfUnknownNumberIsFoundLaterByItsScript) {
  fake_.Set("sbatch", "echo 'try again later'");
  ASSERT_EQ(Submit().code, 4);
  fake_.Set("squeue", "case \"$*\" in *'%i|%o'*) echo '17|" + (JobFolder() / "job.sh").string() +
                          " /p';; *) echo '17|PENDING|2|N/A|None';; esac");
  EXPECT_EQ(Jobs().at(0).at("state"), "PENDING");
  EXPECT_EQ(Jobs().at(0).at("job"), "17");
}

TEST_F(SubmitTest, AWrapperAroundSbatchMayPrintMore) {
  fake_.Set("sbatch", "echo 'Submitted batch job 17'; echo 'Your balance is 12 h'");
  const Finished submitted = Submit({"--format", "json"});
  EXPECT_EQ(submitted.code, 0) << submitted.err;
  EXPECT_EQ(submitted.json().at(0).at("job"), "17");
  EXPECT_EQ(Jobs().at(0).at("job"), "17");
}

TEST_F(SubmitTest, WithoutSlurmItSaysWhatToDo) {
  line_.SetEnvironment("PATH", "/nonexistent");
  const Finished finished = Submit();
  EXPECT_EQ(finished.code, 4);
  EXPECT_THAT(finished.err, HasSubstr("login node"));
  EXPECT_EQ(Submit({"--print"}).code, 0);
}

TEST_F(SubmitTest, ASecondLiveJobOfTheSameSweepIsRefused) {
  ASSERT_EQ(Submit().code, 0);
  Finished second = Submit();
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, AllOf(HasSubstr("job 17"), HasSubstr("PENDING"), HasSubstr("--again")));
  fake_.Set("squeue", "exit 1");
  EXPECT_EQ(Submit().code, 2) << "unknown is alive";
  EXPECT_THAT(fake_.Calls("sbatch"), SizeIs(1));
  EXPECT_EQ(Submit({"--again"}).code, 0);
  EXPECT_THAT(fake_.Calls("sbatch"), SizeIs(2));
}

TEST_F(SubmitTest, AnEndedJobIsNotInTheWayAndNotAskedAboutAgain) {
  ASSERT_EQ(Submit().code, 0);
  Queue("COMPLETED");
  EXPECT_EQ(Jobs().at(0).at("state"), "COMPLETED");
  const size_t asked = fake_.Calls("squeue").size();
  EXPECT_EQ(Submit().code, 0);
  EXPECT_THAT(fake_.Calls("squeue"), SizeIs(asked));
}

TEST_F(SubmitTest, AJobOfAnotherClusterIsUnknown) {
  ASSERT_EQ(Submit().code, 0);
  fake_.Set("scontrol", "echo 'ClusterName             = green'");
  Queue("COMPLETED");
  EXPECT_EQ(Jobs().at(0).at("state"), "unknown");
}

TEST_F(SubmitTest, ASweepInTheSameHomeIsWarnedOf) {
  ASSERT_EQ(Submit().code, 0);
  const Finished other = Submit({"--set", "name=other"});
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_THAT(other.err, HasSubstr("--dependency=afterany:17"));
}

TEST_F(SubmitTest, CancelEndsAJobOfThisHomeOnly) {
  ASSERT_EQ(Submit().code, 0);
  fake_.Set("scancel", "exit 0");
  EXPECT_EQ(line_.Do({"cancel", "--job", "18"}).code, 2);
  EXPECT_THAT(fake_.Calls("scancel"), IsEmpty());
  const Finished cancelled = line_.Do({"cancel", "--job", "17"});
  EXPECT_EQ(cancelled.code, 0) << cancelled.err;
  EXPECT_THAT(fake_.Calls("scancel"), ElementsAre(ElementsAre("scancel", "17")));
  EXPECT_THAT(Contents(JobFolder() / "state.json"), HasSubstr("\"cancelled\": true"));
  Queue("CANCELLED");
  EXPECT_EQ(line_.Do({"cancel", "--job", "17"}).code, 3);
}

TEST_F(SubmitTest, ARunningJobSavesBeforeItEndsUnlessItIsCancelledTwice) {
  ASSERT_EQ(Submit().code, 0);
  Queue("RUNNING");
  fake_.Set("scancel", "exit 0");
  const Finished first = line_.Do({"cancel", "--job", "17"});
  EXPECT_EQ(first.code, 0);
  EXPECT_THAT(first.err, HasSubstr("cancel it again to end it at once"));
  EXPECT_EQ(line_.Do({"cancel", "--job", "17"}).code, 0);
  EXPECT_THAT(fake_.Calls("scancel"),
              ElementsAre(ElementsAre("scancel", "--batch", "--signal=USR1", "17"),
                          ElementsAre("scancel", "17")));
}

TEST_F(SubmitTest, ACancelThatIsRefusedSaysSo) {
  ASSERT_EQ(Submit().code, 0);
  fake_.Set("scancel", "echo 'Access/permission denied' >&2; exit 1");
  const Finished refused = line_.Do({"cancel", "--job", "17"});
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.err, HasSubstr("Access/permission denied"));
}

TEST_F(SubmitTest, DoctorNamesTheCluster) {
  EXPECT_THAT(line_.Do({"doctor"}).out, HasSubstr("cluster blue"));
  fake_.Set("scontrol", "exit 1");
  EXPECT_THAT(line_.Do({"doctor"}).out, HasSubstr("no controller answers"));
}

}  // namespace
}  // namespace zerosweep
