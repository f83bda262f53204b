// Which devices the slots of a node get, by what a stage program that a test makes says of them.
#include "cluster/worker/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/json.h"
#include "tests/support/engine/tiny_weights.h"
#include "tests/support/fake_slurm.h"

namespace zerosweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Without what the caller's own environment says of GPUs.
class NodeTest : public testing::Test {
 protected:
  NodeTest() {
    for (const char* name : {"CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURM_JOB_GPUS"})
      unsetenv(name);
    std::filesystem::create_directory(folder_ / "dev");
    Answer("echo 'asked in vain' >&2; exit 9");
  }

  void Files(int count) const {
    for (int i = 0; i < count; ++i)
      WriteBytes(folder_ / "dev" / ("nvidia" + std::to_string(i)), "");
    for (const char* other : {"nvidiactl", "nvidia-uvm", "nvidia-modeset", "null"})
      WriteBytes(folder_ / "dev" / other, "");
  }
  // Lines of sh for `--devices`.
  void Answer(const std::string& body) const {
    const std::filesystem::path program = folder_ / "stage";
    std::filesystem::remove(program);
    std::ofstream(program) << "#!/bin/sh\necho \"$*\" >> '" << (folder_ / "asked").string()
                           << "'\n[ \"$*\" = --devices ] || exit 8\n"
                           << body << "\n";
    chmod(program.c_str(), 0700);
  }
  // One GPU for each problem; "" works.
  void Gpus(const std::vector<std::string>& problems, const std::string& problem = "") const {
    Json gpus = Json::array();
    for (const std::string& text : problems)
      gpus.push_back({{"name", "NVIDIA X"}, {"problem", text}});
    Answer("echo '" + Json{{"problem", problem}, {"gpus", gpus}}.dump() + "'");
  }
  NodeDevices Find(const std::string& device = "") const {
    return FindDevices(device, folder_ / "stage", folder_ / "dev");
  }
  bool Asked() const { return std::filesystem::exists(folder_ / "asked"); }

  TempFolder folder_;
};

constexpr const char* kOldDriver = "CUDA driver version is insufficient for CUDA runtime version";

TEST_F(NodeTest, WhereNothingSuggestsAGpuNobodyIsAsked) {
  for (const char* list : {"", "-1", "NoDevFiles", "none", "void"}) {
    const ScopedVariable visible("CUDA_VISIBLE_DEVICES", list);
    const NodeDevices found = Find();
    EXPECT_THAT(found.gpus, IsEmpty());
    EXPECT_EQ(found.warning + found.error, "") << list;
  }
  EXPECT_EQ(Find().warning + Find().error, "");
  EXPECT_FALSE(Asked());
}

TEST_F(NodeTest, GpusThatWorkAreUsed) {
  Files(2);
  Gpus({"", ""});
  const NodeDevices found = Find();
  EXPECT_THAT(found.gpus, ElementsAre("cuda:0", "cuda:1"));
  EXPECT_THAT(found.names, ElementsAre("NVIDIA X", "NVIDIA X"));
  EXPECT_EQ(found.warning + found.error, "");
  EXPECT_THAT(Find("cuda").gpus, ElementsAre("cuda:0", "cuda:1"));
  EXPECT_THAT(Find("cpu").gpus, IsEmpty());
}

TEST_F(NodeTest, OnTheCpuNobodyIsAsked) {
  Files(2);
  EXPECT_EQ(Find("cpu").warning + Find("cpu").error, "");
  EXPECT_FALSE(Asked());
}

// A driver that is too old, a card that is, a program that dies: the machine computes on its CPU.
TEST_F(NodeTest, WhereNoGpuWorksOneLineSaysWhyAndWhatToDo) {
  Files(2);
  const auto expect = [&](const std::string& why) {
    const NodeDevices found = Find();
    EXPECT_THAT(found.gpus, IsEmpty());
    EXPECT_EQ(found.error, "");
    EXPECT_THAT(found.warning, AllOf(HasSubstr("stages run on the CPU"), HasSubstr(why),
                                     HasSubstr("--device cpu"), Not(HasSubstr("\n"))));
    EXPECT_THAT(Find("cuda").error, AllOf(HasSubstr("--device cuda"), HasSubstr(why),
                                          HasSubstr("--device cpu"), Not(HasSubstr("\n"))));
    EXPECT_EQ(Find("cuda").warning, "");
  };
  Gpus({}, kOldDriver);
  expect(kOldDriver);
  Gpus({"no kernel image is available for execution on the device", "out of memory"});
  expect("cuda:0: no kernel image is available for execution on the device; cuda:1: out of memory");
  Answer("echo 'libcuda.so: bad' >&2; exit 70");
  expect("ended with 70: libcuda.so: bad");
  Answer("kill -11 $$");
  expect("ended with 139");
  Answer("echo nonsense");
  expect("zerosweep-stage --devices");
  Answer("echo '{\"gpus\": 3}'");
  expect("answers nonsense");
  std::filesystem::remove(folder_ / "stage");
  expect("cannot start");
}

TEST_F(NodeTest, HiddenGpusAreNamedWithWhatHidesThem) {
  Files(1);
  for (const char* list : {"", "-1", "NoDevFiles", "none", "void"}) {
    const ScopedVariable visible("CUDA_VISIBLE_DEVICES", list);
    const std::string why = "CUDA_VISIBLE_DEVICES='" + std::string(list) + "'";
    EXPECT_THAT(Find().warning, AllOf(HasSubstr(why), HasSubstr("--device cpu")));
    EXPECT_THAT(Find("cuda").error, AllOf(HasSubstr(why), HasSubstr("--device cpu")));
    const ScopedVariable job("SLURM_JOB_ID", "4");
    EXPECT_THAT(Find().warning, HasSubstr("--gpus-per-node"));
  }
  EXPECT_FALSE(Asked());
}

TEST_F(NodeTest, WhereSomeWorkTheOthersGetNoSlot) {
  Files(3);
  Gpus({"", "out of memory", ""});
  const NodeDevices found = Find();
  EXPECT_THAT(found.gpus, ElementsAre("cuda:0", "cuda:2"));
  EXPECT_EQ(found.error, "");
  EXPECT_THAT(found.warning, AllOf(HasSubstr("get no slot"), HasSubstr("cuda:1: out of memory"),
                                   Not(HasSubstr("cuda:0")), Not(HasSubstr("\n"))));
  EXPECT_EQ(Find("cuda").error, "");
}

// CUDA shows one instance of several, and nothing from a wrong name on.
TEST_F(NodeTest, AListCountsAsFarAsCudaShowsIt) {
  Files(1);
  Gpus({""});
  for (const char* list : {"MIG-11111111-2222,MIG-33333333-4444", "GPU-1,GPU-nonsense", "0,-1"}) {
    const ScopedVariable visible("CUDA_VISIBLE_DEVICES", list);
    EXPECT_THAT(Find().gpus, ElementsAre("cuda:0")) << list;
    EXPECT_THAT(Find().warning, AllOf(HasSubstr(list), HasSubstr("lists 2, CUDA shows 1")));
  }
  const ScopedVariable one("CUDA_VISIBLE_DEVICES", "MIG-11111111-2222");
  EXPECT_EQ(Find().warning, "");
}

TEST_F(NodeTest, AListWithoutDeviceFilesIsAskedAbout) {
  Gpus({}, "no CUDA-capable device is detected");
  const ScopedVariable visible("CUDA_VISIBLE_DEVICES", "0");
  EXPECT_THAT(Find().warning, AllOf(HasSubstr("no CUDA-capable device is detected"),
                                    HasSubstr("unset CUDA_VISIBLE_DEVICES")));
  Gpus({""});  // as where the files have other names
  EXPECT_THAT(Find().gpus, ElementsAre("cuda:0"));
}

// A job's control group, or the files' mode; here something that cannot be opened for writing.
TEST_F(NodeTest, FilesThatMayNotBeOpenedAreNamed) {
  std::filesystem::create_directory(folder_ / "dev" / "nvidia0");
  Gpus({}, "no CUDA-capable device is detected");
  EXPECT_THAT(Find().warning,
              AllOf(HasSubstr("no CUDA-capable device is detected"), HasSubstr("dev/nvidia0: "),
                    HasSubstr("access to the GPUs' files")));
  // Others that it may open are all that it expects.
  WriteBytes(folder_ / "dev" / "nvidia1", "");
  Gpus({""});
  EXPECT_THAT(Find().gpus, ElementsAre("cuda:0"));
  EXPECT_EQ(Find().warning, "");
}

TEST_F(NodeTest, AJobThatAskedForGpusDoesNotGoOnWithout) {
  Files(1);
  Gpus({}, kOldDriver);
  const std::pair<const char*, const char*> asked[] = {
      {"SLURM_JOB_GPUS", "0"},           {"SLURM_STEP_GPUS", "3"}, {"SLURM_GPUS_ON_NODE", "1"},
      {"SLURM_GPUS_PER_NODE", "a100:2"}, {"SLURM_GPUS", "8"},      {"SLURM_GPUS_PER_TASK", "1"}};
  for (const auto& [name, value] : asked) {
    const ScopedVariable variable(name, value);
    EXPECT_EQ(Find().error, "") << name << ": not in a job";
    const ScopedVariable job("SLURM_JOB_ID", "4");
    EXPECT_THAT(Find().error, AllOf(HasSubstr("job 4 asked for GPUs"), HasSubstr(kOldDriver),
                                    HasSubstr("--device cpu")))
        << name;
    EXPECT_EQ(Find("cpu").error, "") << name;
  }
  const ScopedVariable job("SLURM_JOB_ID", "4"), none("SLURM_GPUS_ON_NODE", "0");
  EXPECT_EQ(Find().error, "");
  EXPECT_THAT(Find().warning, HasSubstr(kOldDriver));
}

TEST_F(NodeTest, WhatWasAskedForIsMissedWhereThereIsNothingAtAll) {
  EXPECT_THAT(Find("cuda").error, AllOf(HasSubstr("there is none"), HasSubstr("--device cpu")));
  const ScopedVariable job("SLURM_JOB_ID", "4"), gpus("SLURM_JOB_GPUS", "0");
  EXPECT_THAT(Find().error, AllOf(HasSubstr("job 4"), HasSubstr("--device cpu")));
  EXPECT_FALSE(Asked());
}

}  // namespace
}  // namespace zerosweep
