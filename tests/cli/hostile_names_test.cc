// Sweeps, folders and options whose names a shell would execute, handed to a Slurm that runs the
// job's script at once.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"
#include "tests/support/fake_slurm.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

constexpr const char* kHostileTrial =
    "grid:\n  synthesizer: [{noise: {images: 4}}]\n  quantizer: [minmax]\n  bits: [w8a8]\n";

// sbatch that runs the script at once, as its job.
constexpr const char* kRunNow =
    "while [ $# -gt 3 ]; do shift; done\n"
    "SLURM_JOB_ID=17 SLURM_CLUSTER_NAME=blue SLURM_JOB_NUM_NODES=1 "
    "bash \"$1\" \"$2\" \"$3\" > \"$FAKE/output\" 2>&1\n"
    "echo $? > \"$FAKE/code\"; echo 17";

// Names that would do something if anybody read them as shell.
const std::string kName = "it's a \"test\" $(touch pwned) `touch pwned` ; touch pwned & | %j";
const std::string kFolder = kName + "\ntwo";

class HostileNamesTest : public testing::Test {
 protected:
  HostileNamesTest() {
    line_.SetEnvironment("PATH", fake_.path());
    fake_.Set("scontrol", "echo 'ClusterName             = blue'");
    std::filesystem::create_directories(line_ / kFolder);
    fs::copy(line_ / "data", line_ / kFolder / "data");
    fs::copy(line_ / "tiny.safetensors", line_ / kFolder / "tiny.safetensors");
    line_.Write(kFolder + "/" + kFolder + ".yaml", CommandLine::Sweep(kHostileTrial));
    line_.UseHome(kFolder + "/home of " + kFolder);
    fake_.Set("sbatch", kRunNow);
  }
  Finished SubmitIt(std::vector<std::string> more) const {
    more.insert(more.begin(), {"submit", line_ / kFolder / (kFolder + ".yaml")});
    return line_.Do(more);
  }
  void ExpectNothingExecuted() const {
    EXPECT_FALSE(fs::exists(fs::current_path() / "pwned"));
    for (const auto& entry : fs::recursive_directory_iterator(line_ / "."))
      EXPECT_NE(entry.path().filename(), "pwned") << entry.path();
    for (const auto& entry : fs::recursive_directory_iterator(fake_ / "."))
      EXPECT_NE(entry.path().filename(), "pwned") << entry.path();
  }

  FakeSlurm fake_;
  CommandLine line_;
};

TEST_F(HostileNamesTest, TheJobComputesTheSweepWhateverItIsCalled) {
  const Finished submitted = SubmitIt({"--setup", "export SET_UP=1"});
  ASSERT_EQ(submitted.code, 0) << submitted.err;
  EXPECT_EQ(Contents(fake_ / "code"), "0\n") << Contents(fake_ / "output");
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_trial WHERE state = 'done'"), 1);
  const Json job = line_.Do({"--format", "json", "status", "--jobs"}).json().at(0);
  EXPECT_EQ(job.at("state"), "exit 0");
  ExpectNothingExecuted();
}

TEST_F(HostileNamesTest, ASweepCannotBeCalledSo) {
  const Finished refused = SubmitIt({"--set", "name=" + kName});
  EXPECT_EQ(refused.code, 2);
  EXPECT_TRUE(fake_.Calls("sbatch").empty());
  ExpectNothingExecuted();
}

TEST_F(HostileNamesTest, OptionsAreOnlyWords) {
  const Finished submitted = SubmitIt({"--partition", kName, "--module", kName, "--data",
                                       line_ / kFolder / "data", "--", "--comment=" + kName});
  ASSERT_EQ(submitted.code, 0) << submitted.err;
  EXPECT_THAT(fake_.Calls("sbatch").at(0),
              AllOf(Contains("--partition=" + kName), Contains("--comment=" + kName)));
  EXPECT_EQ(Contents(fake_ / "code"), "4\n") << "there is no `module` here";
  EXPECT_THAT(Contents(fake_ / "output"), AllOf(HasSubstr("module"), HasSubstr("line 1 of ")));
  ExpectNothingExecuted();
}

}  // namespace
}  // namespace zerosweep
