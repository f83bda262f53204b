// Machines with GPUs of many conditions, as a stage program of ours describes them, and one that
// really has a device file and no driver.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOldDriver = "CUDA driver version is insufficient for CUDA runtime version";

int Lines(const std::string& text, const std::string& with) {
  int count = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (line.find(with) != std::string::npos) ++count;
  return count;
}

class DevicesTest : public testing::Test {
 protected:
  DevicesTest() {
    line_.Write("sweep.yaml", CommandLine::Sweep("grid:\n  method: [noise]\n  bits: [w8a8]\n"));
    line_.SetEnvironment("CUDA_VISIBLE_DEVICES", "0");
    Json old = {{"problem", kOldDriver}, {"gpus", Json::array()}};
    line_.Write("stage", "#!/bin/sh\n[ \"$1\" = --devices ] && { echo '" + old.dump() +
                             "'; exit 0; }\nexec '" + BuildFolder() +
                             "/bin/zerosweep-stage' \"$@\"\n");
    chmod((line_ / "stage").c_str(), 0700);
    line_.SetEnvironment("ZEROSWEEP_STAGE", line_ / "stage");
  }
  Finished Run(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"run", line_ / "sweep.yaml"});
    return line_.Do(more);
  }
  Finished Quantize(std::vector<std::string> more = {}) const {
    more.insert(
        more.begin(),
        {"quantize", line_ / "tiny.safetensors", "--arch", "resnet20_cifar_a", "--dataset",
         "cifar10", "--set", "model.normalisation={mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}",
         "--method", "noise", "--bits", "w4a8", "--profile", "smoke", "--data", line_ / "data"});
    return line_.Do(more);
  }
  Json DoctorOnGpus() const {
    for (const Json& row : line_.Do({"doctor", "--format", "json"}).json())
      if (row.at("check") == "GPUs") return row;
    return {};
  }
  void ExpectWarned(const Finished& finished) const {
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_EQ(Lines(finished.err, "no GPU can be used"), 1) << finished.err;
    EXPECT_THAT(finished.err, AllOf(HasSubstr(kOldDriver), HasSubstr("--device cpu")));
  }
  void ExpectRefused(const Finished& finished, const std::string& who) const {
    EXPECT_EQ(finished.code, 4) << finished.err;
    EXPECT_EQ(Lines(finished.err, "--device cpu"), 1) << finished.err;
    EXPECT_THAT(finished.err, AllOf(HasSubstr(who), HasSubstr(kOldDriver)));
  }

  CommandLine line_;
};

TEST_F(DevicesTest, WhereNoGpuWorksAllComputeOnTheCpuAndSaySo) {
  ExpectWarned(Run());
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_trial WHERE state = 'done'"), 1);
  ExpectWarned(Quantize());
  const Json row = DoctorOnGpus();
  EXPECT_EQ(row.at("ok"), false);
  EXPECT_EQ(row.at("found"), "none: stages run on the CPU");
  EXPECT_THAT(row.at("advice").get<std::string>(), HasSubstr(kOldDriver));
  const Finished ranks = Run({"--ranks", "2", "--set", "seeds=[1, 2]"});
  ExpectWarned(ranks);
}

TEST_F(DevicesTest, OnTheCpuNothingIsSaid) {
  for (const Finished& finished : {Run({"--device", "cpu"}), Quantize({"--device", "cpu"})}) {
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(finished.err, Not(HasSubstr("GPU")));
  }
}

TEST_F(DevicesTest, WhoAsksForGpusIsToldThatThereAreNone) {
  ExpectRefused(Run({"--device", "cuda"}), "--device cuda");
  ExpectRefused(Quantize({"--device", "cuda"}), "--device cuda");
  ExpectRefused(Run({"--device", "cuda", "--ranks", "2"}), "--device cuda");
  line_.SetEnvironment("SLURM_JOB_ID", "4");
  line_.SetEnvironment("SLURM_JOB_GPUS", "0");
  ExpectRefused(Run(), "job 4 asked for GPUs");
  ExpectRefused(Run({"--ranks", "2"}), "job 4 asked for GPUs");
  ExpectRefused(Quantize(), "job 4 asked for GPUs");
  EXPECT_THAT(DoctorOnGpus().at("advice").get<std::string>(), HasSubstr("job 4 asked for GPUs"));
  EXPECT_EQ(Run({"--device", "cpu"}).code, 0);
}

// A device file as of a GPU whose driver CUDA does not find; /dev is one of our own.
TEST_F(DevicesTest, ADeviceFileWithoutADriver) {
  line_.SetEnvironment("ZEROSWEEP_STAGE", BuildFolder() + "/bin/zerosweep-stage");
  const std::string script =
      "set -e; mkdir -p \"$0\"; cp -a /dev/null /dev/zero /dev/random /dev/urandom /dev/tty \"$0\";"
      " ln -sfn /proc/self/fd \"$0/fd\"; mkdir -p \"$0/shm\"; touch \"$0/nvidia0\" "
      "\"$0/nvidiactl\";"
      " mount --bind \"$0\" /dev; exec env -u CUDA_VISIBLE_DEVICES \"$@\"";
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"/usr/bin/unshare", "-m", "sh", "-c", script, line_ / "dev",
                                 BuildFolder() + "/bin/zerosweep", "--home", line_.home()});
    return line_.StartProgram(words)->Wait();
  };
  const Finished first = run({"run", line_ / "sweep.yaml"});
  if (first.err.find("unshare") != std::string::npos) GTEST_SKIP() << first.err;
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(Lines(first.err, "no GPU can be used"), 1) << first.err;
  EXPECT_EQ(Lines(first.err, "CUDA says: "), 1) << first.err;
  const Finished asked = run({"run", line_ / "sweep.yaml", "--device", "cuda"});
  EXPECT_EQ(asked.code, 4);
  EXPECT_THAT(asked.err, AllOf(HasSubstr("CUDA says: "), HasSubstr("--device cpu")));
  EXPECT_THAT(run({"doctor"}).out, HasSubstr("none: stages run on the CPU"));
}

}  // namespace
}  // namespace zerosweep
