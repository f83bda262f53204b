// Control groups as kernels, containers and Slurm show them, in a folder that stands for /.
#include "cluster/worker/control_groups.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/engine/tiny_weights.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

constexpr double kGiB = 1 << 30;

class ControlGroupsTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    WriteBytes(root_ / name, text);
  }
  void Version2(const std::string& group, const std::string& mounted = "/") const {
    Write("proc/self/cgroup", "0::" + group + "\n");
    Write("proc/self/mountinfo",
          "22 1 0:1 / / rw - ext4 /dev/vda rw\n30 22 0:26 " + mounted +
              " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  void Version1(const std::string& group, const std::string& mounted = "/") const {
    Write("proc/self/cgroup", "5:memory:" + group + "\n3:cpu,cpuacct:" + group +
                                  "\n1:name=systemd:/init.scope\n0::/\n");
    Write("proc/self/mountinfo", "31 30 0:30 " + mounted +
                                     " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
                                     "\n32 30 0:31 " +
                                     mounted +
                                     " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  }
  ControlGroupLimits Read() const { return ReadControlGroups(root_.path()); }

  TempFolder root_;
};

TEST_F(ControlGroupsTest, WithoutAnyNothingIsLimited) {
  EXPECT_TRUE(std::isinf(Read().cores));
  EXPECT_TRUE(std::isinf(Read().memory));
  Version2("/");
  Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  Write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_TRUE(std::isinf(Read().cores));
  EXPECT_TRUE(std::isinf(Read().memory));
}

// docker --cpus 1.5 --memory 2g: the container's own group is its root.
TEST_F(ControlGroupsTest, AContainerSeesItsOwnGroupAsTheRoot) {
  Version2("/");
  Write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  Write("sys/fs/cgroup/memory.max", "2147483648\n");
  EXPECT_DOUBLE_EQ(Read().cores, 1.5);
  EXPECT_DOUBLE_EQ(Read().memory, 2 * kGiB);
}

// Slurm limits the job and the step, not the task's own group.
TEST_F(ControlGroupsTest, EveryGroupUpToTheRootCounts) {
  Version2("/system.slice/slurmstepd.scope/job_7/step_0/user/task_0");
  const std::string scope = "sys/fs/cgroup/system.slice/slurmstepd.scope/";
  Write(scope + "job_7/memory.max", "4294967296\n");
  Write(scope + "job_7/step_0/memory.max", "8589934592\n");
  Write(scope + "job_7/step_0/user/task_0/memory.max", "max\n");
  Write(scope + "job_7/cpu.max", "800000 100000\n");
  Write("sys/fs/cgroup/system.slice/cpu.max", "600000 100000\n");
  EXPECT_DOUBLE_EQ(Read().memory, 4 * kGiB);
  EXPECT_DOUBLE_EQ(Read().cores, 6);
  Write(scope + "job_7/step_0/memory.high", "1073741824\n");
  EXPECT_DOUBLE_EQ(Read().memory, kGiB);
  Write(scope + "job_70/memory.max", "1\n");
  EXPECT_DOUBLE_EQ(Read().memory, kGiB) << "another job";
}

TEST_F(ControlGroupsTest, Version1CountsTheSameWay) {
  Version1("/slurm/uid_0/job_7/step_0");
  Write("sys/fs/cgroup/memory/slurm/uid_0/job_7/memory.limit_in_bytes", "3221225472\n");
  Write("sys/fs/cgroup/memory/slurm/uid_0/job_7/step_0/memory.limit_in_bytes",
        "9223372036854771712\n");
  Write("sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_quota_us", "-1\n");
  Write("sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/slurm/uid_0/cpu.cfs_quota_us", "200000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/slurm/uid_0/cpu.cfs_period_us", "50000\n");
  EXPECT_DOUBLE_EQ(Read().memory, 3 * kGiB);
  EXPECT_DOUBLE_EQ(Read().cores, 4);
}

// A container that shares the host's names: only a part of the tree is mounted.
TEST_F(ControlGroupsTest, OfATreeThatIsMountedInPartThePartCounts) {
  Version1("/docker/ab/inner", "/docker/ab");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  Write("sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us", "100000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_period_us", "50000\n");
  EXPECT_DOUBLE_EQ(Read().memory, kGiB);
  EXPECT_DOUBLE_EQ(Read().cores, 2);
  Version2("/../../elsewhere");
  Write("sys/fs/cgroup/memory.max", "2147483648\n");
  EXPECT_DOUBLE_EQ(Read().memory, 2 * kGiB);
  Version2("/docker/cd", "/docker/ab");
  EXPECT_DOUBLE_EQ(Read().memory, 2 * kGiB);
}

TEST_F(ControlGroupsTest, WhatCannotBeReadLimitsNothing) {
  Version2("/a");
  for (const char* text : {"", "nonsense", "100000", "0 0", "-1 100000", "100000 x"}) {
    Write("sys/fs/cgroup/a/cpu.max", text);
    Write("sys/fs/cgroup/a/memory.max", text[0] == '0' ? "x" : "");
    EXPECT_TRUE(std::isinf(Read().cores)) << text;
    EXPECT_TRUE(std::isinf(Read().memory)) << text;
  }
  Write("proc/self/cgroup", "nonsense\n:::\n");
  Write("proc/self/mountinfo", "nonsense\n\n- cgroup2\n");
  EXPECT_TRUE(std::isinf(Read().cores));
}

}  // namespace
}  // namespace zerosweep
